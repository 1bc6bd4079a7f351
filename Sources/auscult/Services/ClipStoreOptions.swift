import ArgumentParser
import Nodes

/// Where a broker puts the bytes of clips.
struct ClipStoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the bytes of new clips go: 'segments' are files of the data directory; 'bytea' are rows of the "
                + "database, for small sites. What lies in the other place is found there.", valueName: "store"))
    var clipStore = PayloadPlace.segments
}

extension PayloadPlace: ExpressibleByArgument {}
