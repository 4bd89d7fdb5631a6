"""Pushes a task over HTTP and waits for its end: python3 push.py [URL]

The header of models.ts says how to start the server.
"""

import json
import sys
import time
import urllib.error
import urllib.request

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8989"
with open("tq.token") as file:
    token = file.read().strip()  # the file of an older tq ends with a new line


def call(path, body=None):
    request = urllib.request.Request(
        f"{url}/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def push(ref):
    try:
        return call(
            "tasks",
            {
                "model": "mail",
                "method": "send",
                "instances": 1,
                "args": ["ada@example.com"],
                "kwargs": {"subject": "Welcome"},
                "ref": ref,  # a push whose answer was lost can be sent again: it is made once
            },
        )["id"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {json.load(error)['error']['message']}")


task = push("welcome-ada")
while call(f"tasks/{task}")["finished_at"] is None:
    time.sleep(0.05)
print(f"task {task} is {call(f'tasks/{task}')['state']}")
