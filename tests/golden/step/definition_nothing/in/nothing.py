print("no job here")
