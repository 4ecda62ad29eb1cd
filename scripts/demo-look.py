"""What the demo shows of its processes, read from /proc: demo-look.py PLACE URL DEVNET MODEL NODE… before|after."""

import json
import os
import re
import sys
import time
import urllib.parse
import urllib.request

place, url, devnet, server, *nodes, phase = sys.argv[1:]
kept = os.path.join(place, "workers.json")


def text(path):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def status(pid):
    return dict(re.findall(r"^(\w+):\s*(.*)$", text(f"/proc/{pid}/status"), re.M))


def workers(node):
    """The living children of a node. Its pool keeps one waiting; one that served a job is never seen again."""
    found = {pid: status(pid) for pid in os.listdir("/proc") if pid.isdigit()}
    return [pid for pid, seen in found.items() if seen.get("PPid") == node and not seen["State"].startswith("Z")]


def network(pid):
    """The interfaces that a process would see, or None where the kernel does not tell."""
    try:
        same = os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
    except OSError:
        return None
    return "the machine's" if same else "its own, only " + ",".join(re.findall(r"(\w+):", text(f"/proc/{pid}/net/dev")))


def scan(pid, *needles):
    """How often each needle stands in the writable memory of a process, and how many bytes were read."""
    counts, size = [0] * len(needles), 0
    reach = max(map(len, needles)) - 1
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for low, high in re.findall(r"^(\w+)-(\w+) rw", text(f"/proc/{pid}/maps"), re.M):
            low, high, tail = int(low, 16), int(high, 16), b""
            while low < high:
                try:
                    memory.seek(low)
                    part = memory.read(min(high - low, 1 << 22))
                except (OSError, OverflowError):
                    part = b""  # Secret memory has no reader, not even root.
                if not part:
                    break
                size += len(part)
                low += len(part)
                part = tail + part
                for index, needle in enumerate(needles):
                    counts[index] += part.count(needle)
                tail = part[-reach:] if reach else b""
    return counts, size


def prompt_in(pid, prompt, control=None):
    try:
        (found, known), size = scan(pid, prompt, control or prompt)
    except PermissionError:
        return "not permitted to look (root may)"
    if found:
        return f"{found} copies found"
    proof = "" if control is None else ", where its address was found" if known else ", THE CONTROL FAILED"
    return f"not found in {size >> 20} MiB{proof}"


def before():
    found = {}
    for node in nodes:
        for pid in workers(node):
            found[pid] = {"node": node, "status": status(pid), "network": network(pid)}
    with open(kept, "w") as file:
        json.dump(found, file)


def delivered(job):
    """The job once every node that was offered it has delivered: two of three decide, the third comes later."""
    end = time.monotonic() + 120
    while True:
        with urllib.request.urlopen(f"{url}/dev/jobs/{urllib.parse.quote(job, safe='')}") as reply:
            found = json.load(reply)
        if all(node["commitment"] or not node["offeredAt"] for node in found["nodes"]) or time.monotonic() > end:
            return found
        time.sleep(0.1)


def after():
    answered = json.loads(text(os.path.join(place, "answer.json")))
    job = delivered(answered["jobId"])
    equal = sum(node["commitment"] == answered["commitment"] for node in job["nodes"])
    print("Answer      " + (answered["answer"] or "(cannot be read)").strip().replace("\n", "\n            "))
    print(f"Verdict     {answered['status']}: {equal} of {len(job['nodes'])} commitments are equal")
    for node in job["nodes"]:
        word = node["verdict"] or ("answered" if node["commitment"] else "-")
        missing = "nothing delivered" if node["offeredAt"] else "the others had agreed before it asked for work"
        print(f"{node['role']:<12}{node['address'][:10]}…  {word:<9} {node['commitment'] or missing}")

    with open(os.path.join(place, "prompt"), "rb") as file:
        prompt = file.read()
    print("\nWhat each process could see (read from /proc of the running processes)")
    hidden = "not permitted to look"
    row = "{:<16}{:<22}{}".format
    print(row("PROCESS", "NETWORK", "THE PROMPT, IN ITS MEMORY AFTER THE JOB"))
    print(row("devnet", network(devnet) or hidden, prompt_in(devnet, prompt) + "; it holds the toy's keys"))
    if server != "-":
        print(row("model server", network(server) or hidden, "was told it: it has to answer"))
    with open(kept) as file:
        known = json.load(file)
    for number, node in enumerate(nodes, 1):
        address = json.loads(text(f"{place}/node-{number}/config.json"))["node_address"].encode()
        print(row(f"supervisor {number}", network(node) or hidden, prompt_in(node, prompt, address)))
        for seen in served(known, node):
            print(row(f"worker {number}", seen["network"] or hidden, "held it, unseen, and ended with its job"))
    print("\nThe workers that served, before the job: " + walls([seen["status"] for seen in served(known, *nodes)]))
    sys.exit(0 if answered["accepted"] and answered["answer"] is not None else 1)


def served(known, *of):
    """The workers that were waiting before the job and are gone now."""
    return [seen for pid, seen in known.items() if seen["node"] in of and pid not in workers(seen["node"])]


def walls(found):
    names = ("Seccomp", "NoNewPrivs", "CapEff", "Threads")
    lines = {", ".join(f"{name} {each.get(name, '?')}" for name in names) for each in found}
    own = all(len(each.get("NSpid", "").split()) > 1 for each in found)
    return "; ".join(sorted(lines)) + (", own pid namespace" if found and own else ", no pid namespace")


before() if phase == "before" else after()
