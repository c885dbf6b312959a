"""The shim against amlocal's own gateway (AMLOCAL names the program): from a definition and in a step."""
import glob
import os
import subprocess
import sys
import unittest

from support import ShimTest

PROGRAM = os.environ["AMLOCAL"]  # run_tests.py is started with it: a test that cannot find it must not pass


class RealGateway(ShimTest):
    def setUp(self):
        super().setUp()
        self.write("amlocal.yml", "# a workspace\n")

    def definition(self, script):
        return self.python(
            "from azureml.core import Dataset, Experiment, Model, Run, Workspace\nws = Workspace.from_config()\n" + script,
            AMLOCAL_PROGRAM=PROGRAM, AMLOCAL_GATEWAY=None, AZUREML_RUN_ID=None, AZUREML_RUN_TOKEN=None,
        ).splitlines()

    def test_metrics_of_every_kind(self):
        lines = self.definition(
            "run = Experiment(ws, 'e').start_logging()\nfor i in range(3): run.log('loss', i / 2, step=i)\n"
            "run.log('one', 5)\nrun.log('text', 'x')\nrun.log('odd', float('nan'))\nrun.log('b', True)\nrun.log('none', None)\n"
            "run.log_list('l', [1, 'a'])\nrun.log_row('r', a=1)\nrun.log_row('r', a=2, b=float('inf'))\n"
            "run.log_table('t', {'x': [1, 2], 'y': [3, 4]})\nrun.log_confusion_matrix('c', {'data': {'matrix': [[1]]}})\n"
            "m = run.get_metrics()\nfor k in sorted(m): print(k, m[k])\nprint(list(run.get_metrics('one')))\n"
        )
        self.assertEqual(lines, [
            "b True", "c {'data': {'matrix': [[1]]}}", "l [1, 'a']", "loss [0.0, 0.5, 1.0]", "none None", "odd nan", "one 5",
            "r {'a': [1, 2], 'b': [None, inf]}", "t {'x': [1, 2], 'y': [3, 4]}", "text x", "['one']",
        ])

    def test_a_runs_life(self):
        lines = self.definition(
            "exp = Experiment(ws, 'mine')\nrun = exp.start_logging(display_name='shown')\nrun.set_tags({'a': 'b', 'c': 'd'})\n"
            "run.remove_tags(['c'])\nrun.add_properties({'p': '1'})\nprint(run.name, run.get_tags(), run.get_properties(), run.status)\n"
            "try: run.add_properties({'p': '2'})\nexcept Exception as e: print(type(e).__name__, e.status_code)\n"
            "with run.child_run('part') as part: part.log('x', 1)\n"
            "try:\n    with run.child_run('bad'): raise ValueError('why')\nexcept ValueError: pass\n"
            "print(sorted((c.name, c.status) for c in run.get_children()), part.parent.id == run.id)\n"
            "print([c.get_details()['error']['error']['message'] for c in run.get_children(status='Failed')])\n"
            "run.complete()\nprint(run.status, [r.id for r in exp.get_runs()] == [run.id], Run.get(ws, run.id).get_tags())\n"
            "d = run.get_details()\nprint(d['status'], 'endTimeUtc' in d, list(ws.experiments))\n"
        )
        self.assertEqual(lines, [
            "shown {'a': 'b'} {'p': '1'} Running", "ServiceException 409", "[('bad', 'Failed'), ('part', 'Completed')] True",
            "['ValueError: why']", "Completed True {'a': 'b'}", "Completed True ['mine']",
        ])

    def test_files_and_models(self):
        self.write("m.pkl", b"\x00model")
        self.write("big", b"x" * 3000000)
        lines = self.definition(
            "run = Experiment(ws, 'e').start_logging()\nrun.upload_file('outputs/a model.pkl', 'm.pkl')\nrun.upload_file('big', 'big')\n"
            "print(run.get_file_names())\nrun.download_file('outputs/a model.pkl', 'got/x')\nprint(open('got/x', 'rb').read())\n"
            "run.download_file('big', 'got/big')\nprint(len(open('got/big').read()))\n"
            "model = run.register_model('m', 'outputs/a model.pkl', tags={'k': 'v'}, model_framework='Custom')\n"
            "print(model.id, model.tags, model.run_id == run.id)\n"
            "print(Model.register(ws, 'm.pkl', 'm').version, [m.id for m in Model.list(ws)], list(ws.models))\n"
            "path = Model(ws, 'm', version=1).download('dl')\nprint(open(path, 'rb').read())\n"
            "Model(ws, 'm', version=2).delete()\nprint([m.id for m in Model.list(ws)])\n"
            "model.add_tags({'k': 'w', 'x': 1})\nmodel.remove_tags(['k', 'none'])\nmodel.add_properties({'p': 'q'})\n"
            "model.update(description='new')\nfresh = Model(ws, 'm')\nprint(fresh.tags, fresh.properties, fresh.description)\n"
            "fresh.update(tags={'only': 'this'})\nprint(Model(ws, 'm').tags)\n"
            "try: fresh.add_properties({'p': 'r'})\nexcept Exception as e: print(e.message)\n"
            "try: run.download_file('nope')\nexcept Exception as e: print(e.message)\n"
        )
        self.assertEqual(lines, [
            "['big', 'outputs/a model.pkl']", "b'\\x00model'", "3000000", "Registering model m", "m:1 {'k': 'v'} True",
            "Registering model m", "2 ['m:2', 'm:1'] ['m']", "b'\\x00model'", "['m:1']",
            "Replacing tag k -> v with k -> w", "Model tag add operation complete.", "Tag with key none not found.",
            "Model tag remove operation complete.", "Model properties add operation complete.", "{'x': '1'} {'p': 'q'} new",
            "{'only': 'this'}", "Properties p are already set, and a property cannot be changed",
            "File with path nope was not found,", "available files include: big,outputs/a model.pkl.",
        ])

    def test_datastores_datasets_secrets(self):
        self.write("src/a.csv", "x,y\n1,2\n")
        self.write("src/b.csv", "x,y\n3,4\n")
        lines = self.definition(
            "store = ws.get_default_datastore()\nprint(store.name, [s for s in ws.datastores])\n"
            "store.upload('src', 'in', show_progress=False)\n"
            "ds = Dataset.File.from_files((store, 'in/*.csv'))\nprint(ds.register(ws, 'files', tags={'a': 'b'}).version)\n"
            "print(Dataset.get_by_name(ws, 'files').to_path(), Dataset.get_by_id(ws, Dataset.get_by_name(ws, 'files').id).to_path())\n"
            "print(ds.take(1).register(ws, 'files', create_new_version=True).version, len(Dataset.get_by_name(ws, 'files', version=1).to_path()))\n"
            "print(Dataset.get_by_name(ws, 'files').add_tags({'c': 'd'}).tags, list(ws.datasets))\n"
            "t = Dataset.Tabular.from_delimited_files((store, 'in'))\nprint(t.register(ws, 'table').version, sorted(ws.datasets))\n"
            "vault = ws.get_default_keyvault()\nvault.set_secret('key', 'word')\nprint(vault.get_secret('key'), vault.list_secrets())\n"
            "vault.delete_secret('key')\n"
            "try: vault.get_secret('key')\nexcept Exception as e: print(e.message)\n"
            "try: Dataset.get_by_name(ws, 'no')\nexcept Exception as e: print(e.message)\n"
        )
        self.assertEqual(lines, [
            "workspaceblobstore ['workspaceblobstore']", "1", "['/a.csv', '/b.csv'] ['/a.csv', '/b.csv']", "2 2",
            "{'c': 'd'} ['files']", "1 ['files', 'table']", "word [{'name': 'key'}]",
            "There is no secret 'key'. Set it with `amlocal secret set key`, or in CI with the variable AMLOCAL_SECRET_key.",
            'Cannot find dataset registered with name "no" in the workspace. Registered are: files, table.',
        ])

    def test_a_submitted_script_is_one_run(self):
        self.write("amlocal.yml", "environments:\n  default: {}\n".format(sys.executable))
        self.write("src/t.py", (
            "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\nrun.log('loss', 0.5)\nprint('hello', flush=True)\n"
            "open('outputs/m.txt', 'w').write('m')\nwith run.child_run('fold'): pass\nif sys.argv[1] == 'bad': raise ValueError('boom')\n"
        ))
        lines = self.definition(
            "from azureml.core import ScriptRunConfig\nexp = Experiment(ws, 'e')\n"
            "run = exp.submit(ScriptRunConfig('src', 't.py', arguments=['good']))\nrun.wait_for_completion(show_output=True)\n"
            "print(run.status, run.get_metrics(), run.get_file_names(), [c.name for c in run.get_children()])\n"
            "run.download_file('outputs/m.txt', 'got.txt')\nprint(open('got.txt').read())\n"
            "bad = exp.submit(ScriptRunConfig('src', 't.py', arguments=['bad']))\n"
            "try: bad.wait_for_completion()\nexcept Exception as e: print(type(e).__name__, 'ValueError: boom' in e.message)\n"
        )
        self.assertIn("Streaming user_logs/std_log.txt", lines)
        self.assertEqual(lines.count("hello"), 1)
        self.assertEqual(lines[-3:], ["Completed {'loss': 0.5} ['outputs/m.txt'] ['fold']", "m", "ActivityFailedException True"])

    def test_many_points(self):
        lines = self.definition(
            "run = Experiment(ws, 'e').start_logging()\nfor i in range(100000): run.log('n', i)\n"
            "run.flush()\nvalues = run.get_metrics()['n']\nprint(len(values), values[0], values[-1])\n"
        )
        self.assertEqual(lines, ["100000 0 99999"])


STEP = """
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
type: command
experiment_name: exp
code: code
command: python step.py ${{outputs.out}}
environment: azureml:x:1
outputs: {out: {type: uri_folder}}
"""


class RealStep(ShimTest):
    def step(self, script):
        """Runs a script as a step of a run; what it printed."""
        self.write("amlocal.yml", "environments:\n  default: {}\n".format(sys.executable))
        self.write("job.yml", STEP)
        self.write("code/step.py", "import os, sys\nfrom azureml.core import Run\nrun = Run.get_context()\n" + script)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AZURE", "AMLOCAL_"))}
        done = subprocess.run([PROGRAM, "run", "job.yml"], cwd=self.work, env=kept, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        (log,) = glob.glob(os.path.join(self.work, ".amlocal/runs/*/steps/*/user_logs/std_log.txt"))
        with open(log) as file:
            return file.read().splitlines()

    def test_a_step_tells_of_itself(self):
        lines = self.step(
            "print(type(run).__name__, run.id == os.environ['AZUREML_RUN_ID'], run.experiment.name, run.parent.id != run.id)\n"
            "for i in range(5000): run.log('loss', 1 / (i + 1), step=i)\nrun.log_row('r', a=1)\nrun.tag('t', 'x')\n"
            "with run.child_run('fold 1') as part: part.log('acc', 0.5)\n"
            "open('outputs/m.pkl', 'w').write('m')\nrun.upload_file('early/m.pkl', 'outputs/m.pkl')\n"
            "try: run.register_model('m', 'outputs/m.pkl')\nexcept Exception as e: print(type(e).__name__)\n"
            "model = run.register_model('m', 'early/m.pkl')\nprint(model.id, model.run_id == run.id)\n"
            "metrics = run.get_metrics()\nprint(len(metrics['loss']), metrics['r'], run.get_tags(), run.status)\n"
            "print([c.get_metrics() for c in run.get_children()])\n"
            "print(run.output_datasets['out'] == sys.argv[1], os.path.isdir(sys.argv[1]))\n"
            "store = run.experiment.workspace.get_default_datastore()\nprint(store.name, os.path.isdir(store._folder))\n"
        )
        self.assertEqual(lines, [
            "_SubmittedRun True exp True", "ModelPathNotFoundException", "Registering model m", "m:1 True",
            "5000 {'a': 1} {'t': 'x'} Running", "[{'acc': 0.5}]", "True True", "workspaceblobstore True",
        ])

    def test_workers_log_too(self):
        lines = self.step(
            "import multiprocessing\ndef work(i): Run.get_context().log('n', i)\n"
            "if __name__ == '__main__':\n    run.log('n', -1)\n    context = multiprocessing.get_context('fork')\n"
            "    workers = [context.Process(target=work, args=(i,)) for i in range(4)]\n"
            "    for w in workers: w.start()\n    for w in workers: w.join()\n    print(sorted(run.get_metrics()['n']))\n"
        )
        self.assertEqual(lines, ["[-1, 0, 1, 2, 3]"])

    def test_a_gateway_out_of_reach_loses_nothing(self):
        self.step(
            "import socket\nrun.log('before', 1)\nrun.flush()\n"
            "def refuse(self, address): raise ConnectionRefusedError(111, 'Connection refused')\n"
            "socket.create_connection = refuse\nfrom azureml import _client\n"
            "for c in list(_client._shared.values()): c.close()\n"
            "run.log('after', 2)\nrun.tag('late', 'x')\nopen('f', 'w').write('kept')\nrun.upload_file('late/f', 'f')\n"
        )
        lines = self.definition(
            "run = next(iter(Experiment(ws, 'exp').get_runs()))\nstep = next(run.get_children(_rehydrate_runs=False))\n"
            "print(step.get_metrics(), step.get_tags(), step.get_file_names())\n"
        )
        self.assertEqual(lines, ["{'after': 2, 'before': 1} {'late': 'x'} ['late/f']"])

    definition = RealGateway.definition


if __name__ == "__main__":
    unittest.main()
