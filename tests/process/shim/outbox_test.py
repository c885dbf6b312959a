"""The way of a metric out of a script: what is sent when, what a call costs, and a gateway that is gone."""
import json
import os
import unittest

from support import RUN, ShimTest


class Outbox(ShimTest):
    def kept(self):
        if not os.path.exists(self.fallback):
            return []
        with open(self.fallback) as file:
            return [json.loads(line) for line in file]

    def test_what_was_logged_is_there_when_the_script_has_ended(self):
        self.python("from azureml.core import Run\nrun = Run.get_context()\nfor i in range(5000): run.log('n', i)\n")
        self.assertEqual(self.gateway.metrics(RUN)["n"], list(range(5000)))
        posts = [path for method, path in self.gateway.requests if path.endswith("/metrics")]
        self.assertLess(len(posts), 200)  # batches, not calls
        self.assertEqual(self.kept(), [])

    def test_it_is_there_too_when_the_script_ends_by_an_error_or_sys_exit(self):
        for end in ("raise ValueError('x')", "import sys; sys.exit(3)"):
            self.python("from azureml.core import Run\nRun.get_context().log('a', 1)\n" + end, check=False)
            self.assertNotEqual(self.status, 0)
        self.assertEqual(self.gateway.metrics(RUN)["a"], [1, 1])

    def test_a_call_costs_microseconds(self):
        out = self.python(
            "import time\nfrom azureml.core import Run\nrun = Run.get_context()\nrun.log('warm', 1)\n"
            "n = 20000\nstart = time.perf_counter()\nfor i in range(n): run.log('n', 0.5)\n"
            "print((time.perf_counter() - start) / n)\n"
        )
        self.assertLess(float(out), 100e-6)  # a round trip over HTTP is at least twice that
        self.assertEqual(len(self.gateway.metrics(RUN)["n"]), 20000)

    def test_forked_children_send_their_own(self):
        self.python(
            "import os\nfrom azureml.core import Run\nrun = Run.get_context()\nrun.log('parent', 1)\n"
            "for i in range(3):\n"
            "    if os.fork() == 0:\n"
            "        run.log('child', i)\n        run.flush()\n        os._exit(0)\n"
            "    os.wait()\n"
            "run.log('parent', 2)\n"
        )
        metrics = self.gateway.metrics(RUN)
        self.assertEqual(metrics, {"parent": [1, 2], "child": [0, 1, 2]})

    def test_workers_of_multiprocessing_need_not_flush(self):
        for method in ("fork", "spawn"):
            self.python(
                "import multiprocessing\nfrom azureml.core import Run\n"
                "def work(i): Run.get_context().log('" + method + "', i)\n"
                "if __name__ == '__main__':\n"
                "    Run.get_context().log('main', 1)\n"
                "    context = multiprocessing.get_context('" + method + "')\n"
                "    workers = [context.Process(target=work, args=(i,)) for i in range(3)]\n"
                "    for worker in workers: worker.start()\n"
                "    for worker in workers: worker.join()\n"
            )
            self.assertEqual(sorted(self.gateway.metrics(RUN)[method]), [0, 1, 2])

    def test_threads_may_log(self):
        self.python(
            "import threading\nfrom azureml.core import Run\nrun = Run.get_context()\n"
            "def work(i):\n    for j in range(100): run.log('t%d' % i, j)\n    run.tag('t%d' % i, 'done')\n"
            "threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]\n"
            "for t in threads: t.start()\nfor t in threads: t.join()\n"
        )
        self.assertEqual(self.gateway.metrics(RUN), {"t%d" % i: list(range(100)) for i in range(8)})
        self.assertEqual(len(self.state.runs[RUN]["tags"]), 8)

    def test_a_gateway_that_is_gone_costs_one_line_and_no_metric(self):
        self.gateway.close()
        self.python(
            "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(2000): run.log('n', i)\n"
            "run.tag('a', 'b')\nrun.complete()\nopen('model.bin', 'wb').write(b'bytes')\n"
            "run.upload_file('outputs/model.bin', 'model.bin')\nrun.upload_file('outputs/none', __import__('io').StringIO('t'))\n"
            "print('went on')\n"
        )
        self.assertEqual(self.stderr.count("amlocal:"), 1, self.stderr)
        # A call that it cut off at its end gives no reason.
        self.assertRegex(self.stderr, r"the run's gateway does not answer( \(\[Errno 111\] Connection refused\))?, and what "
                         "this script logs is kept in " + self.fallback)
        kept = self.kept()
        points = [point["value"] for one in kept if one["method"] == "POST" for point in one["body"]["points"]]
        self.assertEqual(points, list(range(2000)))
        self.assertIn({"method": "PATCH", "path": "/amlocal/1/runs/r1", "body": {"tags": {"a": "b"}}}, kept)
        files = {one["path"]: one["file"] for one in kept if one["method"] == "PUT"}
        self.assertEqual(sorted(files), ["/amlocal/1/runs/r1/files/outputs/model.bin", "/amlocal/1/runs/r1/files/outputs/none"])
        with open(os.path.join(self.fallback + ".files", files["/amlocal/1/runs/r1/files/outputs/model.bin"]), "rb") as file:
            self.assertEqual(file.read(), b"bytes")

    def test_a_gateway_that_goes_in_mid_run(self):
        run = self.enter_step()
        run.log("n", 1)
        run.flush()
        self.gateway.close()
        run.log("n", 2)
        run.flush()
        self.assertEqual(self.gateway.metrics(RUN)["n"], [1])
        self.assertEqual([one["body"]["points"][0]["value"] for one in self.kept()], [2])

    def test_without_a_fallback_file_it_says_that_it_is_lost(self):
        self.gateway.close()
        self.python("from azureml.core import Run\nRun.get_context().log('a', 1)\n", AMLOCAL_TRACKING_FALLBACK=None)
        self.assertIn("what this script logs is lost", self.stderr)

    def test_one_point_that_is_refused_costs_no_other(self):
        self.python(
            "from azureml.core import Run\nrun = Run.get_context()\nfor i in range(100): run.log('' if i == 37 else 'n', i)\n"
        )
        self.assertEqual(self.gateway.metrics(RUN), {"n": [i for i in range(100) if i != 37]})
        self.assertEqual(self.stderr, "amlocal: the metric '' was refused: a metric needs a name\n")

    def test_what_a_gateway_has_no_room_for_is_kept(self):
        self.state.full = True
        self.python("from azureml.core import Run\nrun = Run.get_context()\nrun.log('n', 1)\nrun.flush()\nrun.log('n', 2)\n")
        self.assertEqual([one["body"]["points"][0]["value"] for one in self.kept()], [1, 2])
        self.assertIn("does not answer (no space left), and what", self.stderr)

    def test_exceptions_arrive_from_workers(self):
        import pickle

        from azureml import exceptions

        for error in (
            exceptions.RunEnvironmentException(), exceptions.ActivityFailedException("why"), exceptions.UserErrorException("x"),
            exceptions.ServiceException("s", status_code=404),
        ):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), again.message), (type(error), str(error), error.message))
        self.assertEqual(again.status_code, 404)

    def test_a_wrong_token_is_told_and_ends_nothing(self):
        self.python("from azureml.core import Run\nRun.get_context().log('a', 1)\n", AZUREML_RUN_TOKEN="wrong")
        self.assertIn("the metric 'a' was refused: Unauthorized The request token was either invalid or expired.", self.stderr)
        self.python("from azureml.core import Run\nRun.get_context().get_metrics()\n", check=False, AZUREML_RUN_TOKEN="wrong")
        self.assertIn("ServiceException", self.stderr)


if __name__ == "__main__":
    unittest.main()
