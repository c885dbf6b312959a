"""Parts of bench.py: what a step test costs, beside the bare script and beside the same by hand under pytest."""

import statistics
import sys

median = statistics.median

TESTS, ROUNDS = 200, 3
ALONE = 50  # tests of the rounds that have one at a time

SCRIPT = """
import pathlib, sys
text = pathlib.Path(sys.argv[1]).read_text()
pathlib.Path(sys.argv[2]).joinpath("out.txt").write_text(text + sys.argv[3])
print("wrote", sys.argv[3])
"""
COMPONENT = """
type: command
name: trivial
environment: azureml:any:1
code: src
command: python script.py ${{inputs.text}} ${{outputs.out}} ${{inputs.n}}
inputs:
  text: {type: uri_file}
  n: {type: integer}
outputs:
  out: {type: uri_folder}
"""
BY_HAND = """
import pathlib, subprocess, sys, pytest
here = pathlib.Path(__file__).parent

@pytest.mark.parametrize("n", range(COUNT))
def test_trivial(tmp_path, n):
    done = subprocess.run([PYTHON, here / "src/script.py", here / "text.txt", tmp_path, str(n)],
                          capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "out.txt").read_text() == f"hello{n}"
    assert f"wrote {n}" in done.stdout
"""


def project(folder, count):
    (folder / "src").mkdir(parents=True)
    (folder / "amlocal.yml").write_text(f"environments:\n  default: {sys.executable}\n")
    (folder / "src/script.py").write_text(SCRIPT)
    (folder / "text.txt").write_text("hello")
    (folder / "c.yml").write_text(COMPONENT)
    rows = "".join(f"      - {{n: {n}}}\n" for n in range(count))
    (folder / "c.steptest.yml").write_text(
        "step: c.yml\ninputs: {text: text.txt}\ncases:\n  'number {n}':\n    each:\n" + rows +
        "    set: {n: '{n}'}\n    expect:\n      outputs: {out/out.txt: {text: 'hello{n}'}}\n"
        "      logs: {contains: 'wrote {n}'}\n")
    (folder / "test_c.py").write_text(BY_HAND.replace("COUNT", str(count)).replace("PYTHON", repr(sys.executable)))


def tests(bench):
    """Tests of a trivial step: one at a time over the bare script, and 200 on two cores beside pytest."""
    folder = bench.folder("tests")
    project(folder, ALONE)
    (folder / "out").mkdir()
    bare_loop = ("import subprocess, sys\nfor n in range(%d):\n    subprocess.run([sys.executable, 'src/script.py', "
                 "'text.txt', 'out', str(n)], check=True, stdout=subprocess.DEVNULL)" % ALONE)
    ours, bare, ours_cpu, bare_cpu = [], [], [], []
    bench.seconds([bench.amlocal, "test", "-n", "1", "-k", "number 1"], folder)  # what is kept is made
    for _ in range(ROUNDS):
        ours.append(bench.seconds([bench.amlocal, "test", "-n", "1"], folder))
        ours_cpu.append(bench.cpu)
        bare.append(bench.seconds([sys.executable, "-c", bare_loop], folder))
        bare_cpu.append(bench.cpu)
    over, over_cpu = (1000 * (median(mine) - median(other)) / ALONE for mine, other in ((ours, bare), (ours_cpu, bare_cpu)))
    bench.row("a step test", f"{over:.1f} ms over bare ({over_cpu:.1f} ms on a processor)",
              f"bare `python3 script.py` {1000 * median(bare) / ALONE:.1f} ms", "≤ 25 ms over", over <= 25)

    home = bench.peers / "pytest"
    if not (home / "installed").exists():
        why = home / "why-not"
        bench.row(f"{TESTS} step tests beside pytest", "not measured",
                  why.read_text() if why.exists() else f"not installed: tests/bench/peers.py {bench.peers} pytest")
        return
    folder = bench.folder("many-tests")
    project(folder, TESTS)
    ours, other = [], []
    for _ in range(ROUNDS):
        ours.append(bench.seconds([bench.amlocal, "test", "-n", "2"], folder))
        other.append(bench.seconds([home / "bin/pytest", "-q", "-n", "2", "test_c.py"], folder))
    ratio = median(ours) / median(other)
    bench.row(f"{TESTS} tests of a trivial step, two side by side", f"{median(ours):.2f} s",
              f"`pytest -n 2` {median(other):.2f} s", "not slower", ratio <= 1)
