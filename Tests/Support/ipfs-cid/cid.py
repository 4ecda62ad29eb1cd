"""Prints content identifiers as the peer computes them, one JSON array.

usage: cid.py [SIZE ...]

Each SIZE stands for a file of that many bytes, in which byte number i is i modulo 251: a prime, so that no two
chunks of a power of two are equal until the pattern has come round.
Without sizes: the vectors that ContentStoreTests keeps in Vectors/ipfs-cid.json.
"""

import json
import sys

import aleph_cid

CHUNK = 262144
SIZES = [0, 1, 12, CHUNK - 1, CHUNK, CHUNK + 1, 1 << 20, (1 << 20) + 1, 3000000, (8 << 20) + 28]
SIZES += [174 * CHUNK, 174 * CHUNK + 1]
TEXTS = ["", "hello world\n", "hello\n"]


def pattern(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def v1(data):
    hasher = aleph_cid.CidHasher.for_ipfs_v1_raw_leaves()
    hasher.update(data)
    return hasher.finalize()


def vector(key, value, data):
    return {key: value, "v0": aleph_cid.compute_cid(data), "v1": v1(data)}


def main():
    sizes = [int(word) for word in sys.argv[1:]]
    vectors = [vector("size", size, pattern(size)) for size in sizes or SIZES]
    if not sizes:
        vectors += [vector("text", text, text.encode()) for text in TEXTS]
    print(json.dumps(vectors, indent=1))


if __name__ == "__main__":
    main()
