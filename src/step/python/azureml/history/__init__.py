"""azureml.history: the real package keeps its own bookkeeping here; scripts import nothing from it."""
