"""Counts and tells what passed and what failed."""
import time


class Results:
    def __init__(self, seconds):
        """What would begin later than `seconds` from now is left out, and that is said."""
        self.passed, self.failed, self.began, self.seconds = 0, 0, time.time(), seconds

    def check(self, what, test):
        """`test` returns what to say of a pass; an exception is a failure."""
        if time.time() - self.began > self.seconds:
            print(f"left out for time: {what}")
            return
        begin = time.time()
        try:
            said = test()
            self.passed += 1
            print(f"ok    {what}: {said} ({time.time() - begin:.1f} s)")
        except Exception as problem:
            self.failed += 1
            print(f"FAIL  {what}: {type(problem).__name__}: {str(problem)[:600]}")

    def end(self):
        """The exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
