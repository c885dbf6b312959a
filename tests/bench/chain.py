"""A chain of steps, each `python3 step.py IN OUT`, written for amlocal, its peers and a bare shell."""

STEP = """\
import sys
with open(sys.argv[1]) as file:
    number = int(file.read())
with open(sys.argv[2], "w") as file:
    file.write(str(number + 1))
"""


def prepare(folder):
    """The script and the chain's first input."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/step.py").write_text(STEP)
    (folder / "first.txt").write_text("0")


def amlocal(folder, steps):
    prepare(folder)
    lines = ["type: pipeline", "experiment_name: chain", "inputs:", "  first: {type: uri_file, path: first.txt}",
             "outputs:", "  last: {type: uri_file}", "jobs:"]
    for i in range(steps):
        source = "parent.inputs.first" if i == 0 else f"parent.jobs.s{i - 1}.outputs.o"
        target = "${{parent.outputs.last}}" if i == steps - 1 else "{type: uri_file}"
        lines += [f"  s{i}:", "    type: command", "    component:",
                  "      command: python3 step.py ${{inputs.i}} ${{outputs.o}}", "      code: src",
                  "      environment: azureml:base:1", "      inputs: {i: {type: uri_file}}",
                  "      outputs: {o: {type: uri_file}}", "    inputs:", f"      i: ${{{{{source}}}}}",
                  "    outputs:", f"      o: {target}"]
    (folder / "pipeline.yml").write_text("\n".join(lines) + "\n")


def bare(folder, steps):
    prepare(folder)
    names = ["first.txt"] + [f"o{i}.txt" for i in range(steps)]
    (folder / "chain.sh").write_text("set -e\n" + "".join(
        f"python3 src/step.py {source} {target}\n" for source, target in zip(names, names[1:])))


def ninja(folder, steps):
    prepare(folder)
    names = ["first.txt"] + [f"o{i}.txt" for i in range(steps)]
    (folder / "build.ninja").write_text("rule step\n  command = python3 src/step.py $in $out\n" + "".join(
        f"build {target}: step {source} | src/step.py\n" for source, target in zip(names, names[1:])))


def snakemake(folder, steps):
    prepare(folder)
    names = ["first.txt"] + [f"o{i}.txt" for i in range(steps)]
    (folder / "Snakefile").write_text(f"rule all:\n    input: '{names[-1]}'\n" + "".join(
        f"rule s{i}:\n    input: '{names[i]}'\n    output: '{names[i + 1]}'\n"
        "    shell: 'python3 src/step.py {input} {output}'\n" for i in range(steps)))


def dvc(folder, steps):
    prepare(folder)
    names = ["first.txt"] + [f"o{i}.txt" for i in range(steps)]
    (folder / "dvc.yaml").write_text("stages:\n" + "".join(
        f"  s{i}:\n    cmd: python3 src/step.py {names[i]} {names[i + 1]}\n"
        f"    deps: [{names[i]}, src/step.py]\n    outs: [{names[i + 1]}]\n" for i in range(steps)))


def kfp(folder, steps):
    """Its SubprocessRunner runs Python functions only: the same work as one, in a process a step."""
    prepare(folder)
    (folder / "chain.py").write_text(f"""\
from kfp import dsl, local


@dsl.component
def first(o: dsl.Output[dsl.Artifact]):
    with open(o.path, "w") as file:
        file.write("1")


@dsl.component
def step(i: dsl.Input[dsl.Artifact], o: dsl.Output[dsl.Artifact]):
    with open(i.path) as file:
        number = int(file.read())
    with open(o.path, "w") as file:
        file.write(str(number + 1))


@dsl.pipeline
def chain():
    last = first().set_caching_options(False)
    for _ in range({steps} - 1):
        last = step(i=last.outputs["o"]).set_caching_options(False)


local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root="out")
chain()
""")
