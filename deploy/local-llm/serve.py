"""An OpenAI-compatible llama.cpp server on loopback whose answers are equal between runs."""

import argparse
import http.client
import os
import signal
import sys
import threading

ALIAS = "gemma3-270m"

# The weights are of a base model: without turns to imitate it answers a chat by repeating it.
TEMPLATE = """\
{%- for message in messages -%}
{%- if message.role == 'system' -%}{{ message.content }}{{ '\\n\\n' }}
{%- elif message.role == 'user' -%}{{ 'Question: ' + message.content + '\\n' }}
{%- else -%}{{ 'Answer: ' + message.content + '\\n\\n' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}Answer:{%- endif -%}"""
STOP = ["\nQuestion:"]


def loopback(host):
    # There is no key and no TLS here, so prompts must not leave the machine.
    if host != "127.0.0.1":
        raise argparse.ArgumentTypeError("only 127.0.0.1 is served")
    return host


def port(text):
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return number


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--host", type=loopback, default="127.0.0.1")
    parser.add_argument("--port", type=port, default=0, help="0 takes a free port")
    # Several threads wait for each other by spinning: on busy cores an answer was seen to take 30 times as long.
    parser.add_argument("--threads", type=int, default=1, help="keep it equal on all nodes that must agree")
    parser.add_argument("--lifeline", action="store_true", help="end when stdin closes")
    return parser.parse_args()


def end_with_stdin():
    while os.read(0, 4096):
        pass
    # Not sys.exit: the native threads would be waited for.
    os._exit(0)


def parameters(options):
    from xllamacpp import CommonParams, llama_flash_attn_type

    params = CommonParams()
    params.model.path = options.model
    params.model_alias = {ALIAS}
    params.hostnames = [options.host]
    params.port = options.port
    params.chat_template = TEMPLATE
    params.antiprompt = STOP
    params.n_ctx = 8192

    # One slot and fixed shapes: a batch shared with another request, or a prompt that is partly
    # cached, changes the order of additions and so can change the text.
    params.n_parallel = 1
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.flash_attn_type = llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.fit_params = False
    params.cache_prompt = False

    # Nothing of a prompt is kept after its answer, shown to other clients, or logged.
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    params.n_ctx_checkpoints = 0
    params.endpoint_slots = False
    params.ui = False
    params.cors_origins = ""
    params.verbosity = 1
    return params


def answers(url):
    address = url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/v1/models")
    return connection.getresponse().status == 200


def main():
    options = arguments()
    # Python's own handler would only act once the native code returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if options.lifeline:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    if not os.path.isfile(options.model):
        sys.exit(f"no model at {options.model}")

    from xllamacpp import Server

    try:
        server = Server(parameters(options))
    except Exception as error:
        sys.exit(f"cannot start on port {options.port}: {error}")
    if not answers(server.listening_address):
        sys.exit("the server does not answer")
    print(f"ready {server.listening_address}/v1", flush=True)
    while True:
        signal.pause()


main()
