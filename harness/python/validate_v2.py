"""What the real azure-ai-ml says of a job: argv[1] is its YAML file. One JSON object on the last line of stdout."""
import json
import logging
import sys
import warnings


def main(file):
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import azure.ai.ml

    said = {"version": azure.ai.ml.__version__, "errors": [], "warnings": []}
    try:
        job = azure.ai.ml.load_job(source=file)
        result = job._validate()
    except Exception as error:  # what it raises for a file it cannot take differs from version to version
        said["errors"].append({"key": "", "text": str(error).strip()})
        return said
    # Without a workspace it cannot know that a compute is there.
    for each in getattr(result, "_errors", []):
        said["errors"].append({"key": str(each.yaml_path), "text": str(each.message)})
    for each in getattr(result, "_warnings", []):
        said["warnings"].append({"key": str(each.yaml_path), "text": str(each.message)})
    return said


print(json.dumps(main(sys.argv[1])))
