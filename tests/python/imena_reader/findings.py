"""Owns the list of everything that is found wrong, and the error that stands for one fault."""


class Wrong(ValueError):
    """One thing in a file that is not as the formats say."""


class Findings:
    """What is wrong, each once, in the order in which it was found."""

    def __init__(self):
        self.items = []

    def add(self, place, what):
        item = {"place": str(place), "what": str(what)}
        if item not in self.items:
            self.items.append(item)

    def catch(self, place, work, *arguments):
        """The work's result; None where it fails, and the fault is added.

        Damaged input may break anything, other people's decoders included, so every exception is
        a finding here and none ends the program.
        """
        try:
            return work(*arguments)
        except Wrong as fault:
            self.add(place, fault)
        except RecursionError:
            self.add(place, "nested too deep to be read")
        except Exception as fault:
            self.add(place, f"cannot be read ({type(fault).__name__}: {fault})")
        return None
