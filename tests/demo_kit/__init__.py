"""Demonstrations that run for a while: what tests share who walk about in one."""
