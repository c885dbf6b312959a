"""What is kept of pipelines beside their runs: published ones, endpoints, drafts, schedules."""
import json
import os
import unittest

from support import RunTest


class Published(RunTest):
    def pipeline(self):
        from azureml.pipeline.core import Pipeline, PipelineParameter

        self.write("src/say.py", "import sys\nprint('said', sys.argv[1])\n")
        return Pipeline(self.workspace, [self.step("say.py", [PipelineParameter("word", "hello")], name="Say it")])

    def said(self, run):
        """What the only step of a run has printed."""
        self.printed(run.wait_for_completion, show_output=False)
        return run.find_step_run("Say it")[0].get_stdout_log()

    def test_published(self):
        from azureml.pipeline.core import PipelineRun, PublishedPipeline

        made = self.pipeline().publish(name="talk", description="it talks", version="1.0")
        found = PublishedPipeline.get(self.workspace, made.id)
        self.assertEqual(
            (found.name, found.description, found.version, found.status, found.total_run_steps),
            ("talk", "it talks", "1.0", "Active", 1),
        )
        self.assertEqual([each.id for each in PublishedPipeline.list(self.workspace)], [made.id])
        run, printed = self.printed(found.submit, self.workspace, "exp", pipeline_parameters={"word": "there"})
        self.assertIn("Submitted PipelineRun {}\n".format(run.id), printed)
        self.assertEqual(self.said(run), "said there\n")
        self.assertEqual([each.id for each in PipelineRun.get_pipeline_runs(self.workspace, made.id)], [run.id])
        self.assertEqual(PipelineRun.get_pipeline_runs(self.workspace, "nobody"), [])
        self.assertEqual(
            self.message(Exception, found.submit, self.workspace, "exp", {"nope": 1}),
            "Pipeline parameter with name nope does not exist",
        )
        found.disable()
        self.assertEqual(PublishedPipeline.list(self.workspace), [])
        self.assertEqual(len(PublishedPipeline.list(self.workspace, active_only=False)), 1)
        self.assertIn("is disabled", self.message(ValueError, found.submit, self.workspace, "exp"))
        found.enable()
        self.assertEqual(PublishedPipeline.get(self.workspace, made.id).status, "Active")
        again = PipelineRun(run.experiment, run.id).publish_pipeline("again", "d", "2")
        self.assertEqual(again.get_step_names(), ["Say it"])
        self.message(ValueError, PublishedPipeline.get, self.workspace, "nobody")

    def test_endpoint(self):
        from azureml.pipeline.core import PipelineEndpoint

        first = self.pipeline().publish(name="one")
        endpoint = PipelineEndpoint.publish(self.workspace, "talker", "talks", first)
        self.assertEqual((endpoint.default_version, [each.version for each in endpoint.list_versions()]), ("0", ["0"]))
        second = self.pipeline().publish(name="two")
        endpoint.add(second)
        self.assertEqual(PipelineEndpoint.get(self.workspace, name="talker").default_version, "0")
        endpoint.add_default(self.pipeline().publish(name="three"))
        endpoint = PipelineEndpoint.get(self.workspace, name="talker")
        self.assertEqual((endpoint.default_version, endpoint.get_pipeline().name), ("2", "three"))
        self.assertEqual([each.pipeline.name for each in endpoint.list_pipelines()], ["one", "two", "three"])
        endpoint.set_default_version("1")
        endpoint.set_default(first)
        self.assertEqual(PipelineEndpoint.get(self.workspace, id=endpoint.id).get_pipeline().name, "one")
        self.message(ValueError, endpoint.get_pipeline, "9")
        self.message(ValueError, PipelineEndpoint.publish, self.workspace, "talker", "again", first)
        run, _ = self.printed(endpoint.submit, "exp", pipeline_parameters={"word": "you"}, pipeline_version="1")
        self.assertEqual(self.said(run), "said you\n")
        endpoint.disable()
        self.assertIn("is disabled", self.message(ValueError, endpoint.submit, "exp"))

    def test_draft(self):
        from azureml.pipeline.core import PipelineDraft

        pipeline = self.pipeline()
        self.assertEqual(self.message(ValueError, PipelineDraft.create, self.workspace, pipeline), "name can not be None")
        draft = PipelineDraft.create(self.workspace, pipeline, "d", "about", "exp", {"word": "first"}, tags={"a": "b"})
        self.assertEqual([each.id for each in PipelineDraft.list(self.workspace, {"a": "b"})], [draft.id])
        self.assertEqual(PipelineDraft.list(self.workspace, {"a": "c"}), [])
        run, _ = self.printed(draft.submit_run)
        self.assertEqual(self.said(run), "said first\n")
        self.assertEqual(PipelineDraft.get(self.workspace, draft.id).last_submitted_pipeline_run_id, run.id)
        draft.update(pipeline_parameters={"word": "second"})
        run, _ = self.printed(draft.submit_run)
        self.assertEqual(self.said(run), "said second\n")
        clone = PipelineDraft.create(self.workspace, run)
        self.assertEqual((clone.parent_pipeline_run_id, clone.name), (run.id, "exp-clone"))
        again, _ = self.printed(clone.submit_run)
        self.assertEqual(self.said(again), "said second\n")
        self.assertEqual(draft.publish().name, "d")
        draft.delete()
        self.message(ValueError, PipelineDraft.get, self.workspace, draft.id)
        self.assertEqual(
            self.message(ValueError, PipelineDraft.create, self.workspace, 5),
            "pipeline should be of type Pipeline, PublishedPipeline, PipelineDraft, or PipelineRun",
        )

    def test_parameters_inside_a_job(self):
        """A parameter that no v2 job can bind is filled in where it stands."""
        from azureml.core import Dataset, Environment
        from azureml import _template
        from azureml.pipeline.core import Pipeline, PipelineData, PipelineParameter
        from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

        self.put("in/a.csv")
        self.write("src/entry.py")
        config = ParallelRunConfig(
            Environment("e"), "entry.py", 0, "append_row", "cpu", PipelineParameter("nodes", 1),
            mini_batch_size=PipelineParameter("size", "5"), source_directory="src", run_max_try=PipelineParameter("tries", 3),
        )
        data = Dataset.File.from_files((self.datastore, "in")).as_named_input("work")
        template = Pipeline(
            self.workspace, [ParallelRunStep("par", config, [data], PipelineData("rows", self.datastore))]
        )._template()
        entry = _template.filled(template, {"size": "2kb", "nodes": 3, "tries": 5})["jobs"]["par"]
        self.assertEqual((entry["mini_batch_size"], entry["resources"]), ("2kb", {"instance_count": 3}))
        self.assertEqual((entry["retry_settings"]["max_retries"], entry["v1"]["parallel"]["run_max_try"]), (4, 5))

    def test_saved(self):
        made = self.pipeline().publish(name="talk")
        with open(made.save()) as file:
            self.assertEqual(json.load(file)["jobs"]["say_it"]["type"], "command")
        self.assertTrue(os.path.exists("talk.yml"))


class Schedules(RunTest):
    def test_kept_and_checked(self):
        from azureml.pipeline.core import Pipeline, Schedule, ScheduleRecurrence, TimeZone

        published = Pipeline(self.workspace, [self.step()]).publish(name="p")
        recurrence = ScheduleRecurrence("Day", 2, hours=[1, 13], time_zone=TimeZone.EasternStandardTime)
        with self.assertLogs("azureml.pipeline", "WARNING") as logged:
            made = Schedule.create(self.workspace, "daily", published.id, "exp", recurrence, wait_for_provisioning=True)
        self.assertIn("starts nothing by itself", logged.output[0])
        found = Schedule.get(self.workspace, made.id)
        self.assertEqual((found.name, found.pipeline_id, found.status), ("daily", published.id, "Active"))
        self.assertEqual((found.recurrence.interval, found.recurrence.hours), (2, [1, 13]))
        self.assertEqual(found.recurrence.time_zone, TimeZone.EasternStandardTime)
        found.disable()
        self.assertEqual(Schedule.list(self.workspace), [])
        self.assertEqual([each.id for each in Schedule.list(self.workspace, False, published.id)], [made.id])
        self.assertIsNone(found.get_last_pipeline_run())

    def test_recurrence(self):
        from azureml.pipeline.core import ScheduleRecurrence

        for given, text in (
            (("Days", 1), "Invalid value for frequency, only one of Minute, Hour, Day, Week, or Month accepted"),
            (("Day", 0), "Interval must be an integer greater than 0."),
        ):
            self.assertEqual(self.message(ValueError, ScheduleRecurrence(*given).validate), text)
        for given, text in (
            ({"hours": [25]}, "Hours must be between 0 and 23."),
            ({"minutes": [75]}, "Minutes must be between 0 and 59."),
            ({"time_zone": "zz"}, "Time zone is not a valid TimeZone enum."),
            (
                {"week_days": ["Moday"]},
                "Week days must be a list of str, accepted values: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday.",
            ),
        ):
            self.assertEqual(self.message(ValueError, ScheduleRecurrence("Week", 1, **given).validate), text)
        self.assertEqual(ScheduleRecurrence("Day", 1, time_of_day="3:50").hours, [3])
        self.assertEqual(
            self.message(ValueError, ScheduleRecurrence, "Day", 1, time_of_day="350"), "time_of_day should be in the format hh:mm."
        )


if __name__ == "__main__":
    unittest.main()
