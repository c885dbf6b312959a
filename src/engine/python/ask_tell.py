"""The optimiser of a bayesian sweep: asked for the next trial's point, told what came of it.

One JSON object a line, both ways. First {"space", "maximize", "seed"}: for each dimension 0, or of how many values it is
a choice; the answer names the optimiser. Then {"ask": TRIAL}, answered by {"at": […]} with a place in [0, 1) for each
dimension, or {"tell": TRIAL, "value": number or null}, which has no answer.
"""
import json
import sys

# Nothing of the folder that amlocal was started in stands in for a package.
sys.path[:] = [folder for folder in sys.path if folder]


def place(trial, number, choices):
    name = str(number)
    if choices == 0:
        return min(trial.suggest_float(name, 0.0, 1.0), 1 - 1e-12)
    return (trial.suggest_categorical(name, list(range(choices))) + 0.5) / choices


def main():
    import warnings

    warnings.simplefilter("ignore")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    said = json.loads(sys.stdin.readline())
    # Trials run side by side: what is still running is taken for a bad point, so that none is asked for twice.
    sampler = optuna.samplers.TPESampler(seed=said["seed"], constant_liar=True, n_startup_trials=5)
    study = optuna.create_study(sampler=sampler, direction="maximize" if said["maximize"] else "minimize")
    print(json.dumps({"optimiser": "optuna " + optuna.__version__}), flush=True)
    trials = {}
    for line in sys.stdin:
        call = json.loads(line)
        if "ask" in call:
            trial = trials[call["ask"]] = study.ask()
            at = [place(trial, number, choices) for number, choices in enumerate(said["space"])]
            print(json.dumps({"at": at}), flush=True)
        elif call["value"] is None:
            study.tell(trials[call["tell"]], state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trials[call["tell"]], call["value"])


try:
    main()
except ImportError as problem:
    print(json.dumps({"missing": str(problem)}), flush=True)
