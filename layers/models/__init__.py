"""The tables, as GeoAlchemy2 models: what the migrations build, and what `layers.layout` tells of the layers' columns.

Nothing that runs loads them: with SQLAlchemy they take most of a second.
"""
