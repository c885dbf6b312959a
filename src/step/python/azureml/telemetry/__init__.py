"""azureml.telemetry: nothing is collected here, so that every switch is off and stays off."""
HBI_MODE = False
INSTRUMENTATION_KEY = ""


def set_diagnostics_collection(send_diagnostics=True, verbosity=None, reason="", path=None):
    """Accepted, and without effect: amlocal sends nothing about you anywhere."""
    import logging

    logging.getLogger("azureml.telemetry").info("Telemetry stays off: amlocal collects none.")


def get_diagnostics_collection_info(component_name=None, path=None):
    """(whether something is sent, its verbosity)"""
    return False, None


def is_diagnostics_collection_info_available(component_name=None, path=None):
    return True


def set_diagnostics_properties(tag, value):
    pass


def add_diagnostics_properties(properties):
    pass


def global_diagnostics_properties():
    return {}


def get_telemetry_log_handler(*args, **kwargs):
    """A handler that does nothing."""
    import logging

    return logging.NullHandler()


def get_event_logger(*args, **kwargs):
    from azureml._absent import refuse

    refuse("azureml.telemetry.get_event_logger", "use logging")
