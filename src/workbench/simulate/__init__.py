"""A customer world whose truth is known: the yardstick of all studies, and a newcomer's first data.

It shares no code with `models`, or a fault could hide in both. docs/simulated_world.md explains the structure.
"""
