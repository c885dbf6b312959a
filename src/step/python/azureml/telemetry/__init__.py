"""azureml.telemetry: nothing is collected here, so that every switch is off and stays off."""
HBI_MODE = False
INSTRUMENTATION_KEY = ""


def set_diagnostics_collection(send_diagnostics=True, verbosity=20, reason="", path=None):
    """Accepted, and without effect: amlocal sends nothing about you anywhere."""
    import logging

    logging.getLogger("azureml.telemetry").info("Telemetry stays off: amlocal collects none.")


def get_diagnostics_collection_info(component_name=None, path=None, proceed_in_hbi_mode=False):
    """(whether something is sent, its verbosity)"""
    return False, None


def is_diagnostics_collection_info_available():
    return True


def set_diagnostics_properties(properties):
    pass


def add_diagnostics_properties(properties):
    pass


global_diagnostics_properties = {}


def get_telemetry_log_handler(instrumentation_key=None, component_name=None, path=None, proceed_in_hbi_mode=False):
    """A handler that does nothing."""
    import logging

    return logging.NullHandler()


def get_event_logger(*args, **kwargs):
    from azureml._absent import refuse

    refuse("azureml.telemetry.get_event_logger", "use logging")
