"""The generator's process: one job a line on standard input, one answer a line."""

import sys

import msgspec

from mediaops_bench.load.jobs import Drive, Job, Prepare, drive, prepare

__all__ = ["main"]


def main() -> None:
    decoder = msgspec.json.Decoder(Job)
    requests: list[bytes] = []
    for line in sys.stdin:
        job = decoder.decode(line)
        if isinstance(job, Prepare):
            requests = prepare(job)
            answer = {"requests": len(requests), "bytes": sum(map(len, requests))}
        else:
            assert isinstance(job, Drive)
            answer = drive(job, requests)
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
