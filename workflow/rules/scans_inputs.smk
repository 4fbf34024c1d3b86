# What the rules of scans.smk ask for.

from twist.formats.scans.reading import scans_in


@functools.cache
@as_workflow_error
def own_scans():
    """The files of the folder of own scans, by name."""
    return scans_in(Path(config["scans"]["folder"]))


@as_workflow_error
def own_scan(wildcards):
    scans = own_scans()
    if wildcards.scan not in scans:
        raise TwistError(
            f"{config['scans']['folder']} holds no scan {wildcards.scan!r}; there are {', '.join(scans) or 'none'}"
        )
    return str(scans[wildcards.scan])


@as_workflow_error
def found_in_own_scans(wildcards):
    """What is found in every one of them."""
    if not own_scans():
        raise TwistError(f"{config['scans']['folder']} holds no scans to look into")
    return [
        f"results/{wildcards.run}/scans/{scan}/instances.csv" for scan in own_scans()
    ]
