"""Loyverse: its API, errors, lists and CSV exports, which only this folder knows.

Its receipts have the canonical form (`schema/receipt.py`), whose fields transform reads too.
"""
