"""Is what the bench counts, tells and compares right?"""
