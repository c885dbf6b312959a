"""Schedule: when a published pipeline would run. It is kept and checked; nothing here starts by itself."""
from azureml.pipeline.core import _documents

_KIND = "schedule"
_FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class _Zones(type):
    """TimeZone.EasternStandardTime, and every other name of a zone of Windows."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        import re

        made = object.__new__(cls)
        made.name, made.value = name, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
        setattr(cls, name, made)
        return made


class TimeZone(metaclass=_Zones):
    def __eq__(self, other):
        return isinstance(other, TimeZone) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return "<TimeZone.{}: {!r}>".format(self.name, self.value)


class ScheduleRecurrence:
    def __init__(
        self, frequency, interval, start_time=None, time_zone=None, hours=None, minutes=None, week_days=None, time_of_day=None
    ):
        if time_of_day is not None:
            if hours is not None or minutes is not None:
                raise ValueError("Can not specify time_of_day and hours or minutes.")
            hour, colon, minute = str(time_of_day).partition(":")
            if not colon or not hour.isdigit() or not minute.isdigit():
                raise ValueError("time_of_day should be in the format hh:mm.")
            hours, minutes = [int(hour)], [int(minute)]
        if hasattr(start_time, "isoformat"):
            start_time = start_time.isoformat()
        self.frequency, self.interval, self.start_time = frequency, interval, start_time
        self.time_zone = time_zone if time_zone is not None or start_time is None else TimeZone.UTC
        self.hours, self.minutes, self.week_days = hours, minutes, week_days

    def validate(self):
        if self.frequency not in _FREQUENCIES:
            raise ValueError("Invalid value for frequency, only one of Minute, Hour, Day, Week, or Month accepted")
        if self.interval < 1:
            raise ValueError("Interval must be an integer greater than 0.")
        if self.time_zone is not None and not isinstance(self.time_zone, TimeZone):
            raise ValueError("Time zone is not a valid TimeZone enum.")
        for what, values, most in (("Hours", self.hours, 23), ("Minutes", self.minutes, 59)):
            if values is None:
                continue
            if self.frequency not in ("Week", "Day"):
                raise ValueError("Can only specify {} if frequency is Week or Day.".format(what.lower()))
            if not all(isinstance(each, int) and 0 <= each <= most for each in values):
                raise ValueError("{} must be between 0 and {}.".format(what, most))
        if self.week_days is not None and any(day not in _DAYS for day in self.week_days):
            raise ValueError("Week days must be a list of str, accepted values: {}.".format(", ".join(_DAYS)))

    def _to_dict(self):
        return dict(vars(self), time_zone=self.time_zone and self.time_zone.name)

    @staticmethod
    def _from_dict(content):
        zone = content.pop("time_zone", None)
        return ScheduleRecurrence(time_zone=getattr(TimeZone, zone) if zone else None, **content)


class Schedule:
    def __init__(
        self,
        workspace,
        id,
        name,
        description,
        pipeline_id,
        status,
        recurrence,
        datastore_name,
        polling_interval,
        data_path_parameter_name,
        continue_on_step_failure,
        path_on_datastore,
        pipeline_endpoint_id=None,
        _content=None,
    ):
        self._workspace, self._id = workspace, id
        self._content = _content or {
            "name": name,
            "description": description,
            "pipeline_id": pipeline_id,
            "status": status,
            "recurrence": recurrence._to_dict() if recurrence else None,
            "datastore_name": datastore_name,
            "polling_interval": polling_interval,
            "data_path_parameter_name": data_path_parameter_name,
            "continue_on_step_failure": continue_on_step_failure,
            "path_on_datastore": path_on_datastore,
            "pipeline_endpoint_id": pipeline_endpoint_id,
        }

    @staticmethod
    def create(
        workspace,
        name,
        pipeline_id,
        experiment_name,
        recurrence=None,
        description=None,
        pipeline_parameters=None,
        wait_for_provisioning=False,
        wait_timeout=3600,
        datastore=None,
        polling_interval=5,
        data_path_parameter_name=None,
        continue_on_step_failure=None,
        path_on_datastore=None,
        _workflow_provider=None,
        _service_endpoint=None,
        _pipeline_endpoint_id=None,
    ):
        import logging
        import uuid

        if recurrence is None and datastore is None:
            raise ValueError("Either recurrence or datastore must be provided")
        if recurrence is not None and datastore is not None:
            raise ValueError("Only one of recurrence or datastore can be provided")
        if recurrence is not None:
            recurrence.validate()
        made = str(uuid.uuid4())
        schedule = Schedule(
            workspace,
            made,
            name,
            description,
            pipeline_id,
            "Active",
            recurrence,
            getattr(datastore, "name", None),
            polling_interval if datastore is not None else None,
            data_path_parameter_name,
            continue_on_step_failure,
            path_on_datastore,
            _pipeline_endpoint_id,
        )
        schedule._content["experiment_name"] = experiment_name
        schedule._content["pipeline_parameters"] = pipeline_parameters
        schedule._keep()
        logging.getLogger("azureml.pipeline").warning(
            "schedule %s is kept, and starts nothing by itself: there is no service here that waits for its time", name
        )
        return schedule

    @staticmethod
    def create_for_pipeline_endpoint(
        workspace,
        name,
        pipeline_endpoint_id,
        experiment_name,
        recurrence=None,
        description=None,
        pipeline_parameters=None,
        wait_for_provisioning=False,
        wait_timeout=3600,
        datastore=None,
        polling_interval=5,
        data_path_parameter_name=None,
        continue_on_step_failure=None,
        path_on_datastore=None,
        _workflow_provider=None,
        _service_endpoint=None,
    ):
        return Schedule.create(
            workspace,
            name,
            None,
            experiment_name,
            recurrence,
            description,
            pipeline_parameters,
            wait_for_provisioning,
            wait_timeout,
            datastore,
            polling_interval,
            data_path_parameter_name,
            continue_on_step_failure,
            path_on_datastore,
            _pipeline_endpoint_id=pipeline_endpoint_id,
        )

    # -- finding --------------------------------------------------------------------------------------
    @staticmethod
    def _of(workspace, made, content):
        return Schedule(workspace, made, *[None] * 10, _content=content)

    @staticmethod
    def get(workspace, id, _workflow_provider=None, _service_endpoint=None):
        return Schedule._of(workspace, id, _documents.get(_KIND, id, "Schedule"))

    @staticmethod
    def list(
        workspace,
        active_only=True,
        pipeline_id=None,
        pipeline_endpoint_id=None,
        _workflow_provider=None,
        _service_endpoint=None,
    ):
        found = []
        for made, content in _documents.all_of(_KIND).items():
            if active_only and content["status"] != "Active":
                continue
            if pipeline_id not in (None, content["pipeline_id"]):
                continue
            if pipeline_endpoint_id in (None, content["pipeline_endpoint_id"]):
                found.append(Schedule._of(workspace, made, content))
        return found

    @staticmethod
    def get_all(
        workspace,
        active_only=True,
        pipeline_id=None,
        pipeline_endpoint_id=None,
        _workflow_provider=None,
        _service_endpoint=None,
    ):
        return Schedule.list(workspace, active_only, pipeline_id, pipeline_endpoint_id)

    @staticmethod
    def get_schedules_for_pipeline_id(workspace, pipeline_id, _workflow_provider=None, _service_endpoint=None):
        return Schedule.list(workspace, True, pipeline_id)

    @staticmethod
    def get_schedules_for_pipeline_endpoint_id(
        workspace, pipeline_endpoint_id, _workflow_provider=None, _service_endpoint=None
    ):
        return Schedule.list(workspace, True, None, pipeline_endpoint_id)

    @staticmethod
    def load_yaml(workspace, filename, _workflow_provider=None, _service_endpoint=None):
        from azureml import _absent

        _absent.refuse("Schedule.load_yaml", "use Schedule.create")

    # -- changing -------------------------------------------------------------------------------------
    def _keep(self):
        _documents.put(_KIND, self._id, self._content)

    def enable(self, wait_for_provisioning=False, wait_timeout=3600):
        self.update(status="Active")

    def disable(self, wait_for_provisioning=False, wait_timeout=3600):
        self.update(status="Disabled")

    def update(
        self,
        name=None,
        description=None,
        recurrence=None,
        pipeline_parameters=None,
        status=None,
        wait_for_provisioning=False,
        wait_timeout=3600,
        datastore=None,
        polling_interval=None,
        data_path_parameter_name=None,
        continue_on_step_failure=None,
        path_on_datastore=None,
    ):
        if recurrence is not None:
            recurrence.validate()
        changes = {
            "name": name,
            "description": description,
            "recurrence": recurrence and recurrence._to_dict(),
            "pipeline_parameters": pipeline_parameters,
            "status": status,
            "datastore_name": getattr(datastore, "name", None),
            "polling_interval": polling_interval,
            "data_path_parameter_name": data_path_parameter_name,
            "continue_on_step_failure": continue_on_step_failure,
            "path_on_datastore": path_on_datastore,
        }
        self._content.update({key: value for key, value in changes.items() if value is not None})
        self._keep()

    def get_pipeline_runs(self):
        return []

    def get_last_pipeline_run(self):
        return None

    # -- members --------------------------------------------------------------------------------------
    @property
    def id(self):
        return self._id

    @property
    def recurrence(self):
        content = self._content["recurrence"]
        return ScheduleRecurrence._from_dict(dict(content)) if content else None


def _member(name):
    return property(lambda schedule: schedule._content[name])


for _name in (
    "name description pipeline_id status datastore_name polling_interval data_path_parameter_name "
    "continue_on_step_failure path_on_datastore pipeline_endpoint_id"
).split():
    setattr(Schedule, _name, _member(_name))
