"""The distance of each pipe from a dig by trimesh's CollisionManager; runs in an environment of its own.

A problem a line on the standard input: `floors`, each a list of corners x, y, z, all that is above them dug, and
`pipes`, each a radius and the points of its axis. An answer a line: milliseconds for the meshes, for the distances, and
these.
"""

import json
import sys
import time
from itertools import pairwise

import numpy as np
import trimesh

TOP_M = 100.0


def make_prism(floor: list[list[float]]) -> trimesh.Trimesh:
    count = len(floor)
    lid = [(x, y, TOP_M) for x, y, _ in floor]
    fan = [(0, k, k + 1) for k in range(1, count - 1)]
    faces = [triangle[::-1] for triangle in fan] + [tuple(count + k for k in triangle) for triangle in fan]
    for k in range(count):
        after = (k + 1) % count
        faces += [(k, after, count + after), (k, count + after, count + k)]
    return trimesh.Trimesh(np.array([*floor, *lid]), faces, process=False)


def make_pipe(radius_m: float, points: list[list[float]]) -> trimesh.Trimesh:
    parts = [trimesh.creation.cylinder(radius_m, segment=np.array(pair), sections=16) for pair in pairwise(points)]
    return trimesh.util.concatenate(parts)


def main() -> None:
    for line in sys.stdin:
        problem = json.loads(line)
        start = time.perf_counter()
        floors = [make_prism(floor) for floor in problem["floors"]]
        pipes = [make_pipe(*pipe) for pipe in problem["pipes"]]
        made = time.perf_counter()
        manager = trimesh.collision.CollisionManager()
        for number, floor in enumerate(floors):
            manager.add_object(str(number), floor)
        found = [manager.min_distance_single(pipe) for pipe in pipes]
        done = time.perf_counter()
        print(json.dumps([(made - start) * 1000, (done - made) * 1000, found]), flush=True)


if __name__ == "__main__":
    main()
