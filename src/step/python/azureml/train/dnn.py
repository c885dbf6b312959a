"""azureml.train.dnn: the estimators of deep-learning frameworks."""
from azureml.train._frameworks import framework
from azureml.train.estimator import Gloo, Mpi, Nccl, ParameterServer  # noqa: F401  (also imported from here)

PyTorch = framework(
    "PyTorch", __name__, "1.4", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"], ["torch", "torchvision"]
)
TensorFlow = framework(
    "TensorFlow",
    __name__,
    "1.13",
    ["1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3"],
    ["tensorflow"],
    also=("worker_count", "parameter_server_count"),
)
Chainer = framework("Chainer", __name__, "5.1.0", ["5.1.0", "7.0.0"], ["chainer"])

__all__ = ["Chainer", "Gloo", "Mpi", "Nccl", "ParameterServer", "PyTorch", "TensorFlow"]
