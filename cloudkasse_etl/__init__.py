"""Synchronises SelectLine Auftrag with CloudKasse. A library: it never imports Dagster.

Imports run one way: ``sync`` (the use cases) on top of ``transform``, ``selectline``, ``cloudkasse``
and ``state``, which do not know each other; below them ``schemas``; at the bottom ``settings``,
``failures`` and ``errors``. ``sandbox`` stands beside ``sync`` and is a shop and a cloud to try it on.
"""
