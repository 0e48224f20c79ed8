"""The embedded stack: real servers as one supervised process tree that leaves nothing behind."""
