"""take, skip, take_sample and random_split of anything that has an order: files and rows alike.

A definition's "steps" are {"do": "take", "count"}, {"do": "skip", "count"}, {"do": "sample",
"probability", "seed"} and {"do": "split", "part", "percentage", "seed"}. The same seed and data give the
same records; not those that the cloud's engine would choose.
"""
KINDS = ("take", "skip", "sample", "split")


def _seed(seed):
    if seed is not None:
        return int(seed)
    import random

    return random.SystemRandom().randrange(1 << 31)


def _fraction(value, name):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        from azureml.exceptions import UserErrorException

        raise UserErrorException("{} must be a number between 0 and 1, not {!r}.".format(name, value))
    return float(value)


def _count(value):
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        from azureml.exceptions import UserErrorException

        raise UserErrorException("count must be a whole number from 0 up, not {!r}.".format(value))
    return value


def take(count):
    return {"do": "take", "count": _count(count)}


def skip(count):
    return {"do": "skip", "count": _count(count)}


def sample(probability, seed):
    return {"do": "sample", "probability": _fraction(probability, "probability"), "seed": _seed(seed)}


def split(percentage, seed):
    """The two parts' steps: together they are all records, whatever the seed."""
    base = {"do": "split", "percentage": _fraction(percentage, "percentage"), "seed": _seed(seed)}
    return dict(base, part=0), dict(base, part=1)


def chosen(step, count):
    """The places of the records, of `count`, that a step keeps."""
    if step["do"] == "take":
        return range(min(step["count"], count))
    if step["do"] == "skip":
        return range(min(step["count"], count), count)
    import random

    draw = random.Random(step["seed"]).random
    border = step["probability"] if step["do"] == "sample" else step["percentage"]
    below = step["do"] == "sample" or step["part"] == 0
    return [place for place in range(count) if (draw() < border) == below]
