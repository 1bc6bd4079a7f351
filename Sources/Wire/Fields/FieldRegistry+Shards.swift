extension FieldRegistry {
    /// What the shards of training and evaluation carry, and what a training keeps of itself.
    static let shards: [String: [Int: Field]] = [
        "ShardClip": [
            1: ("sha256", hash),
            2: ("name", name),
            3: ("format", .choice),
            4: ("channel", channel),
            5: ("machine", .message("Machine")),
        ],

        "EmbedShard": [
            1: ("feature", .message("LogMelParameters")),
            2: ("clips", clips("ShardClip")),
            3: ("embedding", .choice),
        ],
        "EmbedShardOutput": [
            1: ("clips", clips("ClipEmbedding"))
        ],
        "ClipEmbedding": [
            2: ("frames", count),
            3: ("failure", reason),
            4: ("values", .list(of: .double(nil), atMost: 1 << 24)),
        ],

        "ScoreShard": [
            1: ("model_sha256", hash),
            2: ("feature", .message("LogMelParameters")),
            3: ("clips", clips("ShardClip")),
        ],
        "ScoreShardOutput": [
            1: ("clips", clips("ScoredClip"))
        ],
        "ScoredClip": [
            1: ("score", .double(nil)),
            2: ("log_odds", .double(nil)),
            3: ("cross_entropy", .double(nil)),
            4: ("neighbour_distance", .double(nil)),
            5: ("threshold", .double(nil)),
            6: ("anomalous", .flag),
            7: ("failure", reason),
        ],

        "NetworkSetting": [
            1: ("name", name),
            2: ("value", .sentence(4_096)),
        ],
        "NetworkTask": [
            1: ("architecture", settings),
            2: ("feature", .message("LogMelParameters")),
            3: ("weights_sha256", hash),
            4: ("clip_samples", count),
            5: ("clip_frames", count),
        ],
        "SurveyShard": [
            1: ("feature", .message("LogMelParameters")),
            2: ("wave", .flag),
            3: ("clips", clips("ShardClip")),
        ],
        "SurveyShardOutput": [
            1: ("clips", clips("SurveyedClip"))
        ],
        "SurveyedClip": [
            1: ("samples", count),
            2: ("frames", count),
            3: ("failure", reason),
        ],
        "ForwardShard": [
            1: ("task", .message("NetworkTask")),
            2: ("clips", clips("MixedClip")),
            3: ("teacher_sha256", hash),
        ],
        "MixedClip": [
            1: ("clip", .message("ShardClip")),
            2: ("partner", .message("ShardClip")),
            3: ("share", .single(0...1)),
            4: ("start", count),
            5: ("partner_start", count),
        ],
        "ForwardShardOutput": [
            1: ("features", body),
            2: ("statistics", body),
            3: ("teacher_embeddings", body),
            4: ("teacher_cosines", body),
        ],
        "BackwardShard": [
            1: ("forward", body),
            2: ("features_sha256", hash),
            3: ("feature_gradient", body),
        ],
        "BackwardShardOutput": [
            1: ("gradient", body),
            2: ("statistics", body),
            3: ("norm", .double(nil)),
            4: ("finite", .flag),
        ],
        "MeasureShard": [
            1: ("task", .message("NetworkTask")),
            2: ("machines", clips("Machine")),
            3: ("clips", clips("ShardClip")),
        ],
        "MeasureShardOutput": [
            1: ("clips", clips("MeasuredClip"))
        ],
        "MeasuredClip": [
            1: ("log_odds", .double(nil)),
            2: ("centre_distance", .double(nil)),
            3: ("embedding", body),
            4: ("time_statistics", body),
            5: ("failure", reason),
        ],

        "RoundCourse": [
            1: ("architecture", settings),
            2: ("feature", .message("LogMelParameters")),
            3: ("clips", clips("ShardClip")),
            4: ("labels", .list(of: count, atMost: 1 << 24)),
            5: ("batch", count),
            6: ("shard", count),
            7: ("seed", any),
            8: ("mixes", .flag),
            9: ("balanced", .flag),
            10: ("steps", count),
            11: ("learning_rate", .double(0...1e6)),
            12: ("adam_w", .message("AdamW")),
            13: ("replicas", count),
            14: ("divided", .flag),
            15: ("clip_samples", count),
            16: ("clip_frames", count),
        ],
        "AdamW": [
            1: ("first_decay", .double(0...1)),
            2: ("second_decay", .double(0...1)),
            3: ("epsilon", .double(0...1)),
            4: ("weight_decay", .double(0...1e6)),
        ],
        "RoundShard": [
            1: ("course_sha256", hash),
            2: ("weights_sha256", hash),
            3: ("change_sha256", hash),
            4: ("replica", count),
            5: ("first_step", count),
            6: ("steps", count),
            7: ("fixed_norms", .flag),
            8: ("compressed", .flag),
            9: ("previous", body),
        ],
        "RoundShardOutput": [
            1: ("weights", body),
            2: ("change", .message("WeightChange")),
            3: ("loss", .double(nil)),
            4: ("skipped", count),
            5: ("diverged", .flag),
        ],
        "WeightChange": [
            1: ("digits", body),
            2: ("scales", body),
            3: ("statistics", body),
        ],

        "TrainingCheckpoint": [
            1: ("survey", body),
            2: ("step", count),
            3: ("moment_steps", count),
            4: ("weights", body),
            5: ("first", body),
            6: ("second", body),
            7: ("average", body),
            8: ("best", body),
            9: ("best_loss", .double(nil)),
            10: ("best_step", count),
            11: ("validated_step", count),
            12: ("norms", .list(of: .double(nil), atMost: 1 << 24)),
            13: ("skips", count),
            14: ("momentum", body),
            15: ("remainder", body),
            16: ("span_start", body),
            17: ("links", clips("RoundLink")),
            18: ("memory", .list(of: body, atMost: 4_096)),
        ],
        "RoundLink": [
            1: ("weights", body),
            2: ("change", .message("WeightChange")),
        ],
    ]

    private static let settings = FieldRule.list(of: .message("NetworkSetting"), atMost: 256)

    private static func clips(_ message: String) -> FieldRule { .list(of: .message(message), atMost: 1 << 24) }
}
