import argparse
import nosuch_module
parser = argparse.ArgumentParser()
parser.add_argument("--clean", required=True)
parser.add_argument("--rate", type=float)
parser.add_argument("--out", required=True)
print(parser.parse_args())
