"""A night from outside: Luigi as its child, its lines and its summary, who is told of it, and the
alarm when it failed.
"""
