"""azureml.pipeline: pipelines in Python, as the v1 SDK has them."""
