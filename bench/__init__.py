"""How fast and how cheap is the app, beside its peers and beside what the machine can do at all?"""
