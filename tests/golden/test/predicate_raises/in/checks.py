def raises(path):
    return {}["fare"]


def refuses(path):
    assert path.name == "row.csv", f"it is called {path.name}"


def says_no(path):
    return 0
