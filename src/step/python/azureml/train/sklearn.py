"""azureml.train.sklearn: scikit-learn's estimator."""
from azureml.train._frameworks import framework

SKLearn = framework(
    "SKLearn",
    __name__,
    "0.20.3",
    ["0.20.3"],
    ["scikit-learn", "scipy", "joblib"],
    without=(
        "node_count",
        "process_count_per_node",
        "distributed_backend",
        "distributed_training",
        "use_gpu",
        "custom_docker_base_image",
        "source_directory_data_store",
    ),
)

__all__ = ["SKLearn"]
