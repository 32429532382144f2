/// What a Worker may use that another one starts.
library;

/// What one call of a Worker may use, where it is less than the platform
/// allows.
///
/// See https://developers.cloudflare.com/cloudflare-for-platforms/workers-for-platforms/configuration/custom-limits/.
final class WorkerLimits {
  /// At most [cpu] of computing and [subRequests] requests; what is not given is
  /// the platform's choice.
  const WorkerLimits({this.cpu, this.subRequests});

  /// How long it may compute, to the millisecond.
  final Duration? cpu;

  /// How many requests it may make.
  final int? subRequests;
}

/// [limits] as the platform takes them.
Map<String, Object?> workerLimitsToHost(WorkerLimits limits) => {
      if (limits.cpu case final cpu?) 'cpuMs': cpu.inMilliseconds,
      if (limits.subRequests case final count?) 'subRequests': count,
    };
