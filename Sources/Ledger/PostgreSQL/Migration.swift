internal import Plant

/// One step of the schema: a file of `schema/`, embedded in the program. A step that was released never changes.
package struct Migration: Hashable, Sendable {
    package let version: Int
    package let name: String
    let sql: String
    /// Of the file; the database remembers which text it was given.
    let checksum: ContentHash

    /// Every step this program knows, in order.
    package static let all: [Migration] = [
        Migration(version: 1, name: "foundation", bytes: PackageResources.v0001_foundation_sql),
        Migration(version: 2, name: "training", bytes: PackageResources.v0002_training_sql),
        Migration(version: 3, name: "curves", bytes: PackageResources.v0003_curves_sql),
        Migration(version: 4, name: "views", bytes: PackageResources.v0004_views_sql),
        Migration(
            version: 5, name: "training_durability", bytes: PackageResources.v0005_training_durability_sql),
        Migration(version: 8, name: "fleet", bytes: PackageResources.v0008_fleet_sql),
        Migration(version: 9, name: "orders", bytes: PackageResources.v0009_orders_sql),
        Migration(version: 10, name: "retention", bytes: PackageResources.v0010_retention_sql),
        Migration(version: 11, name: "payloads", bytes: PackageResources.v0011_payloads_sql),
        Migration(version: 12, name: "keys", bytes: PackageResources.v0012_keys_sql),
        Migration(version: 13, name: "given_up", bytes: PackageResources.v0013_given_up_sql),
        Migration(version: 16, name: "damage", bytes: PackageResources.v0016_damage_sql),
        Migration(version: 18, name: "open_clips", bytes: PackageResources.v0018_open_clips_sql),
        Migration(version: 19, name: "lesser_roles", bytes: PackageResources.v0019_lesser_roles_sql),
        Migration(version: 20, name: "reader", bytes: PackageResources.v0020_reader_sql),
        Migration(version: 25, name: "results", bytes: PackageResources.v0025_results_sql),
        Migration(version: 26, name: "curves_at_scale", bytes: PackageResources.v0026_curves_at_scale_sql),
        Migration(version: 27, name: "sites", bytes: PackageResources.v0027_sites_sql),
        Migration(version: 28, name: "champions", bytes: PackageResources.v0028_champions_sql),
        Migration(version: 29, name: "column_comments", bytes: PackageResources.v0029_column_comments_sql),
        Migration(version: 30, name: "left_out", bytes: PackageResources.v0030_left_out_sql),
        Migration(version: 35, name: "reasons", bytes: PackageResources.v0035_reasons_sql),
        Migration(version: 36, name: "results_with_reasons", bytes: PackageResources.v0036_results_with_reasons_sql),
        Migration(version: 37, name: "learning", bytes: PackageResources.v0037_learning_sql),
        Migration(version: 45, name: "alarms", bytes: PackageResources.v0045_alarms_sql),
        Migration(version: 46, name: "sites_of_alarms", bytes: PackageResources.v0046_sites_of_alarms_sql),
    ]

    /// The version of the newest step; numbers grow, with gaps.
    package static let newest = all.map(\.version).max() ?? 0

    private init(version: Int, name: String, bytes: [UInt8]) {
        self.version = version
        self.name = name
        sql = String(decoding: bytes, as: UTF8.self)
        checksum = ContentHash(of: bytes)
    }
}
