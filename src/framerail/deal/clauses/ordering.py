"""Names that refer to names: what comes after what, and circles among them.

All of it is about a term sheet's words, not its numbers, and is done once when it is read.
"""

from collections.abc import Mapping, Sequence


def circles(after: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Circular chains of references, each once, beginning at its first name.

    `after` gives for each name those that it refers to; unknown names are no circle.
    """
    found: dict[frozenset[str], tuple[str, ...]] = {}

    def walk(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            chain = path[path.index(name) :]
            found.setdefault(frozenset(chain), (*chain, name))
            return
        for other in after.get(name, ()):
            walk(other, (*path, name))

    for name in sorted(after):
        walk(name, ())
    return [found[key] for key in sorted(found, key=sorted)]


def everything_before(name: str, after: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """All names that `name` refers to, directly or through others (itself left out)."""
    reached: set[str] = set()
    waiting = list(after.get(name, ()))
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting.extend(after.get(other, ()))
    return frozenset(reached - {name})


def depth(name: str, after: Mapping[str, Sequence[str]]) -> int:
    """Length of the longest chain of references that starts at `name`; circles count as zero."""
    if name in everything_before(name, {**after, name: ()}):
        return 0
    following = [
        other for other in after.get(name, ()) if name not in (other, *_reach(other, after))
    ]
    return max((1 + depth(other, after) for other in following), default=0)


def _reach(name: str, after: Mapping[str, Sequence[str]]) -> frozenset[str]:
    return everything_before(name, after)
