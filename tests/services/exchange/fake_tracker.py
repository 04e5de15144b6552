"""A tracker's process that does what its last argument says: no more than the standard library is loaded.

keep FILE    append each line to a file and acknowledge done jobs
hang         read nothing
die CODE     end at once
say TEXT     say this for each line, and acknowledge nothing
deaf         read everything, and do not end
"""

import json
import sys
import time

what, _, more = sys.argv[1].partition(" ")
if what == "die":
    sys.exit(int(more))
if what == "hang":
    time.sleep(1000)
for line in sys.stdin.buffer:
    told = json.loads(line)
    if what == "keep":
        with open(more, "ab") as file:
            file.write(line)
        if told.get("how") == "done":
            print(json.dumps({"sent": told["job"]["digest"]}), flush=True)
    elif what == "say":
        print(json.dumps({"said": more}), flush=True)
if what == "deaf":
    time.sleep(1000)
