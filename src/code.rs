//! The codes of errors and warnings. Each has a page in `docs/errors` that `dartflare explain` prints.
//!
//! The first two digits say what it is about; a new code takes the next number of its group, and no number is used
//! again. A warning that stops a command, as what [`crate::bundle`] checks before a deployment does, keeps its code.

use std::fmt;

macro_rules! codes {
    ($($number:ident $name:ident,)*) => {
        /// What an error or a warning is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $($name,)*
        }

        impl Code {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// As the user reads it: `E0102`.
            pub(crate) fn number(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($number),)*
                }
            }

            /// The page that explains it, in Markdown; the first line is its title.
            pub(crate) fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../docs/errors/", stringify!($number), ".md")),)*
                }
            }
        }
    };
}

codes! {
    // The program and the machine.
    E0001 Internal,
    E0002 Io,
    E0003 Interrupted,
    E0004 SystemRefused,
    // The configuration.
    E0101 NoProjectFolder,
    E0102 NoConfiguration,
    E0103 NotUtf8,
    E0104 NotToml,
    E0105 NotJson,
    E0106 NoObject,
    E0107 UnfitValue,
    E0108 WrongType,
    E0109 MissingValue,
    E0110 UnknownEnvironment,
    E0111 NameTaken,
    E0112 KindsDiffer,
    E0113 NoMain,
    E0114 MainIsDart,
    E0115 TwoMains,
    E0116 NoModuleRule,
    E0117 EnvironmentWithoutScript,
    E0118 PagesHasMain,
    E0119 PagesHasClasses,
    W0101 ConfigurationIgnored,
    W0102 RepeatedKey,
    W0103 EnvironmentFallsBack,
    W0104 NotInherited,
    W0105 UnknownKey,
    W0106 NoMigration,
    W0107 PagesRefused,
    W0108 LocalVariable,
    // Dart: the SDK, the package, the compilers.
    E0201 DoesNotCompile,
    E0202 NoEntry,
    E0203 NoDart,
    E0204 NotAProgram,
    E0205 FlutterMissing,
    E0206 DartTooOld,
    E0207 DartSilent,
    E0208 DartLacks,
    E0209 NoPubspec,
    E0210 NotYaml,
    E0211 Pubspec,
    E0212 PubGetFailed,
    E0213 PathDependency,
    E0214 DependencyConflict,
    E0215 NotFetched,
    E0216 NotForThisDart,
    E0217 NoRuntimePackage,
    E0218 OtherRuntimePackage,
    E0219 VersionsDiffer,
    E0220 CompilerFlag,
    E0221 CompilerFailed,
    E0222 DeferredImport,
    E0223 NotGenerated,
    E0224 StaleAccessors,
    W0201 LocalLibrary,
    W0202 WasmOpt,
    // What `main()` registers, and the start of the Worker.
    E0301 DoesNotStart,
    E0302 StartTimeout,
    E0303 TooLarge,
    E0304 Undescribed,
    E0305 NotMeasured,
    W0301 ObjectNotRegistered,
    W0302 WorkflowNotRegistered,
    W0303 EntrypointNotRegistered,
    W0304 RegisteredNotBound,
    W0305 NoScheduledHandler,
    W0306 NoQueueHandler,
    W0307 PagesGetsRequestsAlone,
    W0308 SlowStart,
    W0309 NearlyTooLarge,
    // What a build writes.
    E0401 OutputPlace,
    E0402 PagesOutputPlace,
    E0403 InTheWay,
    E0404 ForeignManifest,
    E0405 StrangerInOutput,
    E0406 BuildReplaced,
    E0407 LastBuildFailed,
    E0408 MadeByDev,
    // Pages Functions.
    E0501 RouteName,
    E0502 RoutesJson,
    E0503 ForeignRoutesJson,
    E0504 NoFunctions,
    E0505 RouteTaken,
    W0501 NotAHandler,
    W0502 ParameterRenamed,
    W0503 NoUrl,
    W0504 NeverReached,
    W0505 FilesBeforeMiddleware,
    W0506 MiddlewarePassedBy,
    // `dartflare dev`.
    E0601 AlreadyRuns,
    E0602 PortTaken,
    E0603 WorkerOfItsOwn,
    E0604 WranglerStopped,
    E0605 WranglerDidNotStart,
    E0606 CannotWatch,
    E0607 ProxyToItself,
    E0608 FrontEndEnded,
    E0609 FrontEndSilent,
    E0610 NeedsRestart,
    W0601 NotServed,
    W0602 WorkerNotUsed,
    // Wrangler, Node and `dartflare deploy`.
    E0701 NoWrangler,
    E0702 WranglerTooOld,
    E0703 NoNode,
    E0704 NodeTooOld,
    E0705 ToolSilent,
    E0706 WranglerFailed,
    E0707 DeployArguments,
    E0708 NothingDeployed,
    // `dartflare test`.
    E0801 NoTests,
    E0802 TestName,
    E0803 NoTestRunner,
    E0804 TestsStopped,
    // `dartflare new`.
    E0901 NoPlace,
    E0902 FolderIsNoName,
    E0903 FilesThere,
    E0904 ConfigurationAbove,
    E0905 CannotAsk,
    // `dartflare sdk`.
    E1001 CannotDownload,
    E1002 NoSuchSdk,
    E1003 NotAnSdk,
    E1004 SdkDoesNotRun,
    E1005 NoSdkForSystem,
    E1006 SdkNotInstalled,
    E1007 NoRoom,
    E1008 SdkSetting,
    W1001 MirrorUnencrypted,
}

impl Code {
    /// Whether what stands above it, or the user who caused it, says more than its page.
    pub(crate) fn is_told(self) -> bool {
        matches!(
            self,
            Self::DoesNotCompile | Self::Interrupted | Self::NothingDeployed | Self::WranglerFailed
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}
