"""Campaigns against the program: hundreds of damaged files, kills and full disks. Long; a short version of each runs with the others.

    pytest -m long tests/campaign -s

prints how much was tried and what failed.
"""
