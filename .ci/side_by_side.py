"""Prints a pipeline of N steps beside each other and one that reads them all: side_by_side.py N"""
import sys

count = int(sys.argv[1])
print("type: pipeline\nexperiment_name: side-by-side\njobs:")
for i in range(count):
    print(f"""  s{i}:
    command: seq {i} 2000 && sleep 0.1 && echo {i} > ${{{{outputs.o}}}}
    environment: azureml:base:1
    outputs: {{o: {{type: uri_file}}}}""")
print("  all:\n    environment: azureml:base:1\n    command: cat "
      + " ".join(f"${{{{inputs.i{i}}}}}" for i in range(count)) + "\n    inputs:")
for i in range(count):
    print(f"      i{i}: ${{{{parent.jobs.s{i}.outputs.o}}}}")
