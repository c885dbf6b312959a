"""azureml.train: sweeps and the estimators of older scripts."""
