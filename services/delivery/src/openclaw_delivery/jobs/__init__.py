"""The doors that the worker class calls, one job function a file; they unpack and delegate."""
