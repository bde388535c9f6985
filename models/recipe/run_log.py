"""What a training says on the way, and how long it has taken over all its runs."""

import time


class RunLog:
    """Lines that begin with the seconds of all runs, on the screen and at the end of a file."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.go_on(0.0)

    def go_on(self, spent):
        """Counts from here, after so many seconds of earlier runs."""
        self.began, self.spent = time.time(), spent

    def of_this_run(self):
        return time.time() - self.began

    def passed(self):
        return self.spent + self.of_this_run()

    def __call__(self, text):
        line = f"{self.passed():7.1f} {text}"
        print(line, flush=True)
        self.file.write(line + "\n")
