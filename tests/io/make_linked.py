# SPDX-License-Identifier: Apache-2.0
"""Makes HDF5 files whose data lie in other files, with a writer that is not ours (h5py): make_linked.py FOLDER.

FOLDER/own has the files, FOLDER/other what they may not read. Each object holds 0 .. 5 where it may be read.
"""

import os
import sys

import h5py
import numpy as np

root = os.path.realpath(sys.argv[1])
own, other = os.path.join(root, "own"), os.path.join(root, "other")
os.makedirs(os.path.join(own, "below"))
os.makedirs(other)
values = np.arange(6, dtype="f8")

for folder in (own, other, os.path.join(own, "below")):
    values.tofile(os.path.join(folder, "raw.bin"))
    with h5py.File(os.path.join(folder, "source.h5"), "w") as file:
        file["x"] = values
        file["group/x"] = values
values[:3].tofile(os.path.join(own, "short.bin"))
os.mkfifo(os.path.join(own, "pipe.bin"))
for name in ("raw.bin", "source.h5"):
    os.symlink(os.path.join(other, name), os.path.join(own, "leads_out." + name.split(".")[1]))
os.symlink(other, os.path.join(own, "folder_out"))
# Found only from the current folder, which is FOLDER.
values.tofile(os.path.join(root, "here.bin"))


def external(file, name, *pieces):
    pieces = [(piece, 0, values.nbytes) if isinstance(piece, str) else piece for piece in pieces]
    file.create_dataset(name, shape=values.shape, dtype="f8", external=pieces)


def virtual(file, name, source, path="x"):
    layout = h5py.VirtualLayout(shape=values.shape, dtype="f8")
    layout[:] = h5py.VirtualSource(source, path, shape=values.shape)
    file.create_virtual_dataset(name, layout)


with h5py.File(os.path.join(own, "external.h5"), "w") as file:
    external(file, "beside", "raw.bin")
    external(file, "below", "below/raw.bin")
    external(file, "absolute_beside", os.path.join(own, "raw.bin"))
    external(file, "moved", os.path.join("/moved/from", "raw.bin"))
    external(file, "pieces", ("short.bin", 0, 24), ("raw.bin", 24, 24))
    external(file, "absolute", os.path.join(other, "raw.bin"))
    external(file, "up", "../other/raw.bin")
    external(file, "up_and_down", "below/../../other/raw.bin")
    external(file, "link", "leads_out.bin")
    external(file, "linked_folder", "folder_out/raw.bin")
    external(file, "system", "/etc/passwd")
    external(file, "here", "here.bin")
    external(file, "missing", "missing.bin")
    external(file, "short", "short.bin")
    external(file, "pipe", "pipe.bin")
    file["soft_to_absolute"] = h5py.SoftLink("/absolute")

with h5py.File(os.path.join(own, "links.h5"), "w") as file:
    file["plain"] = values
    file["soft"] = h5py.SoftLink("plain")
    file["beside"] = h5py.ExternalLink("source.h5", "/x")
    file["folder"] = h5py.ExternalLink("source.h5", "/group")
    file["soft_folder"] = h5py.SoftLink("/folder")
    file["below"] = h5py.ExternalLink("below/source.h5", "/x")
    file["absolute"] = h5py.ExternalLink(os.path.join(other, "source.h5"), "/x")
    file["up"] = h5py.ExternalLink("../other/source.h5", "/x")
    file["link"] = h5py.ExternalLink("leads_out.h5", "/x")
    file["missing"] = h5py.ExternalLink("missing.h5", "/x")
    file["no_object"] = h5py.ExternalLink("source.h5", "/y")
    file["far"] = h5py.ExternalLink("external.h5", "/absolute")
    file["soft_to_up"] = h5py.SoftLink("/up")
    file["circle"] = h5py.SoftLink("circle")
    file["long_circle"] = h5py.ExternalLink("links.h5", "/long_circle")

with h5py.File(os.path.join(own, "virtual.h5"), "w", libver="latest") as file:
    file["plain"] = values
    virtual(file, "beside", "source.h5")
    virtual(file, "itself", ".", "plain")
    virtual(file, "below", "below/source.h5")
    virtual(file, "moved", "/moved/from/source.h5")
    virtual(file, "absolute", os.path.join(other, "source.h5"))
    virtual(file, "up", "../other/source.h5")
    virtual(file, "link", "leads_out.h5")
    virtual(file, "missing", "missing.h5")
    virtual(file, "no_object", "source.h5", "y")
    virtual(file, "external_behind", "external.h5", "absolute")
    virtual(file, "link_behind", "links.h5", "absolute")
    virtual(file, "virtual_behind", ".", "absolute")
