"""Opens an ONNX file as data: its graph becomes modules of torch, and nothing in it runs.

`onnx_file` reads a file (its bytes are parsed by `onnx` in a process of its own, `parsing_process`), `description` says
what it tells about pictures and classes, `network` builds the modules. An operator is one entry in `operators/`.
"""
