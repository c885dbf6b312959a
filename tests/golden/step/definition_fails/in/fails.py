raise SystemExit("the key is missing")
