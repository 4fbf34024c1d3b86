# The functions that tell the rules of showing.smk their inputs, arguments and places in the report.

from twist.published.tables import TABLES, paper_table


@as_workflow_error
def rounds_of_paper_table(wildcards):
    """The scores of the runs of a table that have been run, whichever they are."""
    results, settings = Path("results"), data_settings(wildcards.dataset)
    table = paper_table(wildcards.table, wildcards.dataset, settings, results)
    runs = table.experiment(results).runs()
    return [f"results/{run.name}/rounds.json" for run in runs]


def plot_stem(wildcards, output):
    """The path of a plot without the ending that tells its format."""
    return Path(output.png).with_suffix("")


def pseudo_labelled_rounds(run):
    """The rounds that learn from pseudo-labels: none of Sup-only and of the control."""
    return range(1, last_round(run) + 1) if run.method == "twist" else []


def pseudo_labels_of_run(wildcards):
    """The manifests of the pseudo-labels of all rounds, and the list of the scans."""
    run = run_of(wildcards)
    manifests = [
        manifest
        for round_number in pseudo_labelled_rounds(run)
        for manifest in shard_manifests(run, labels_folder(run, round_number))
    ]
    if not manifests:
        return {}
    return {"pseudo": manifests, "unlabelled": split_of(run, "unlabelled")}


def label_arguments(wildcards, input):
    """The labels that each round learned from, as options of the verbs that show them."""
    if "pseudo" not in input.keys():
        return ""
    run = run_of(wildcards)
    folders = " ".join(
        labels_folder(run, round_number) for round_number in pseudo_labelled_rounds(run)
    )
    return f"--unlabelled {input.unlabelled} --pseudo-labels {folders}"


def strip_arguments(wildcards, input):
    arguments = label_arguments(wildcards, input)
    return (
        arguments and f"{arguments} --show-unlabelled {config['figure7']['unlabelled']}"
    )


def page_category(wildcards):
    return "Tables" if Path(wildcards.page).name != "diagnosis" else "Runs"


def page_subcategory(wildcards):
    """A run's diagnosis stands with its pictures."""
    page = Path(wildcards.page)
    return page.parent.name if page.name == "diagnosis" else None


def page_labels(wildcards):
    name = Path(wildcards.page).name
    if name == "diagnosis":
        return {"of": "pseudo-labels: page"}
    return {"table": name.replace("_", ", ", 1), "as": "page"}
