/// A headless browser.
library;

import 'dart:convert';
import 'dart:typed_data';

import '../host/host.dart';
import '../http/fetch.dart';
import '../http/request.dart';
import '../http/response.dart';
import '../values.dart';
import 'remote.dart';

/// Headless browsers that run on Cloudflare (Browser Run, formerly Browser
/// Rendering).
///
/// ```dart
/// final picture = await env.browser.screenshot(
///   const BrowserPage.url('https://example.com'),
/// );
/// return Response(picture, headers: {'content-type': 'image/png'});
/// ```
///
/// A page is given by its address or as HTML. `options` are those of
/// Cloudflare's pages, JSON values under their names there, such as
/// `{'viewport': {'width': 640, 'height': 480}}`.
///
/// What the service refuses throws a [WorkersException]; that of an action is
/// named `BrowserRunError`, with the service's words. To steer a browser by
/// hand, [fetch] speaks to the service as `@cloudflare/puppeteer` does.
///
/// Under `dartflare dev` Wrangler runs a browser of its own, which it downloads
/// when one is first used; it may know [fetch] alone. With `"remote": true` the
/// configuration asks for the real service.
///
/// See https://developers.cloudflare.com/browser-rendering/.
class Browser {
  Browser._(this._ref);

  final HostRef _ref;

  /// Sends a request to the service; see the top-level function `fetch`.
  Future<Response> fetch(
    Object input, {
    String? method,
    Object? headers,
    Object? body,
    RedirectMode? redirect,
  }) =>
      fetchFrom(
        _ref,
        input,
        method: method,
        headers: headers,
        body: body,
        redirect: redirect,
      );

  /// Does [action] with [page], and returns the service's response, whatever
  /// its status; for actions and answers that no other method is for.
  Future<Response> quickAction(
    String action,
    BrowserPage page, {
    Map<String, Object?> options = const {},
  }) =>
      callForResponse(_ref, 'quickAction', [
        action,
        {...options, ...page._toHost()},
      ]);

  /// A picture of [page] as it arrives: a PNG, unless
  /// `options['screenshotOptions']['type']` is `jpeg` or `webp`.
  Future<Stream<Uint8List>> screenshot(
    BrowserPage page, {
    Map<String, Object?> options = const {},
  }) =>
      _bytes('screenshot', page, options);

  /// A PDF of [page] as it arrives.
  Future<Stream<Uint8List>> pdf(
    BrowserPage page, {
    Map<String, Object?> options = const {},
  }) =>
      _bytes('pdf', page, options);

  /// The HTML of [page] after its scripts have run.
  Future<String> content(
    BrowserPage page, {
    Map<String, Object?> options = const {},
  }) =>
      _result('content', page, options);

  /// The text of [page], as Markdown.
  Future<String> markdown(
    BrowserPage page, {
    Map<String, Object?> options = const {},
  }) =>
      _result('markdown', page, options);

  /// The addresses that [page] links to.
  Future<List<String>> links(
    BrowserPage page, {
    bool? visibleLinksOnly,
    bool? excludeExternalLinks,
    Map<String, Object?> options = const {},
  }) =>
      _result('links', page, {
        ...options,
        ...given({
          'visibleLinksOnly': visibleLinksOnly,
          'excludeExternalLinks': excludeExternalLinks,
        }),
      });

  /// The elements of [page] that match each of the CSS [selectors].
  Future<Map<String, List<BrowserElement>>> scrape(
    BrowserPage page,
    Iterable<String> selectors, {
    Map<String, Object?> options = const {},
  }) async {
    final found = await _result<List<Object?>>('scrape', page, {
      ...options,
      'elements': [
        for (final selector in selectors) {'selector': selector},
      ],
    });
    return {
      for (final entry in found.map(objectFromHost))
        '${entry['selector']}':
            listFromHost(entry['results'], BrowserElement._from),
    };
  }

  /// What a model finds in [page]: told in words ([prompt]), or by the
  /// [responseFormat] of a model's answer, or both.
  ///
  /// Throws an [ArgumentError] if neither is given.
  Future<Map<String, Object?>> json(
    BrowserPage page, {
    String? prompt,
    Map<String, Object?>? responseFormat,
    Map<String, Object?> options = const {},
  }) {
    if (prompt == null && responseFormat == null) {
      throw ArgumentError('give `prompt` or `responseFormat`');
    }
    return _result('json', page, {
      ...options,
      ...given({'prompt': prompt, 'response_format': responseFormat}),
    });
  }

  /// The running sessions of the account.
  Future<List<BrowserSession>> listSessions({int? limit, int? offset}) async =>
      listFromHost(
        await _ref.call(
          'listSessions',
          lastArgument({'limit': limit, 'offset': offset}),
        ),
        BrowserSession._from,
      );

  /// The sessions that were, the last first.
  Future<List<BrowserSession>> history({int? limit, int? offset}) async =>
      listFromHost(
        await _ref.call(
          'history',
          lastArgument({'limit': limit, 'offset': offset}),
        ),
        BrowserSession._from,
      );

  /// The session [id], or `null` if there is none.
  Future<BrowserSession?> getSession(String id) async {
    final session = await _ref.call('getSession', [id]);
    return session == null
        ? null
        : BrowserSession._from(objectFromHost(session));
  }

  /// Ends the session [id]; whether it is over already.
  Future<bool> closeSession(String id) async =>
      objectFromHost(await _ref.call('closeSession', [id]))['status'] ==
      'closed';

  /// What the account may still do.
  Future<BrowserLimits> limits() async {
    final limits = objectFromHost(await _ref.call('limits', const []));
    return BrowserLimits(
      activeSessions: [
        for (final session
            in listFromHost(limits['activeSessions'], (session) => session))
          '${session['id']}',
      ],
      maxConcurrentSessions: intFromHost(limits['maxConcurrentSessions']) ?? 0,
      allowedBrowserAcquisitions:
          intFromHost(limits['allowedBrowserAcquisitions']) ?? 0,
      timeUntilNextAllowedBrowserAcquisition: Duration(
        milliseconds:
            intFromHost(limits['timeUntilNextAllowedBrowserAcquisition']) ?? 0,
      ),
    );
  }

  Future<Stream<Uint8List>> _bytes(
    String action,
    BrowserPage page,
    Map<String, Object?> options,
  ) async {
    final response = await quickAction(action, page, options: options);
    if (response.status >= 400) throw await _failure(action, response);
    return response.body ?? const Stream.empty();
  }

  Future<T> _result<T>(
    String action,
    BrowserPage page,
    Map<String, Object?> options,
  ) async {
    final response = await quickAction(action, page, options: options);
    if (response.status >= 400) throw await _failure(action, response);
    final answer = await response.json<Map<String, Object?>>();
    return convertValue<T>(answer['result'], 'the result of `$action`');
  }

  /// What the service says went wrong, in its words where it has some.
  static Future<WorkersException> _failure(
    String action,
    Response response,
  ) async {
    final text = await response.text();
    var said = text;
    try {
      final errors = objectFromHost(jsonDecode(text))['errors'];
      said = listFromHost(errors, (error) => '${error['message']}').join('; ');
    } on FormatException {
      // An answer from before the service is no JSON.
    }
    return WorkersException(
      'BrowserRunError',
      'the action `$action` failed with status ${response.status}'
          '${said.isEmpty ? '' : ': $said'}',
      retryable: response.status == 429 || response.status >= 500,
    );
  }
}

/// A page that a [Browser] is to show.
class BrowserPage {
  /// The page at the address [url].
  const BrowserPage.url(String url)
      : _key = 'url',
        _value = url;

  /// A page of this [html].
  const BrowserPage.html(String html)
      : _key = 'html',
        _value = html;

  final String _key;
  final String _value;

  Map<String, Object?> _toHost() => {_key: _value};
}

/// An element that [Browser.scrape] found.
class BrowserElement {
  /// An element.
  const BrowserElement({
    required this.html,
    required this.text,
    required this.left,
    required this.top,
    required this.width,
    required this.height,
    this.attributes = const {},
  });

  factory BrowserElement._from(Map<String, Object?> element) => BrowserElement(
        html: element['html'] as String? ?? '',
        text: element['text'] as String? ?? '',
        left: doubleFromHost(element['left']) ?? 0,
        top: doubleFromHost(element['top']) ?? 0,
        width: doubleFromHost(element['width']) ?? 0,
        height: doubleFromHost(element['height']) ?? 0,
        attributes: {
          for (final attribute in listFromHost(
            element['attributes'],
            (attribute) => attribute,
          ))
            '${attribute['name']}': '${attribute['value']}',
        },
      );

  /// What is inside of it.
  final String html;

  /// The text inside of it.
  final String text;

  /// Where it begins from the left, in pixels.
  final double left;

  /// Where it begins from the top, in pixels.
  final double top;

  /// How wide it is, in pixels.
  final double width;

  /// How high it is, in pixels.
  final double height;

  /// Its attributes.
  final Map<String, String> attributes;
}

/// A session of a [Browser].
class BrowserSession {
  /// A session.
  const BrowserSession({
    required this.sessionId,
    this.startTime,
    this.endTime,
    this.closeReason,
    this.closeReasonText,
    this.connectionId,
    this.connectionStartTime,
    this.connectionEndTime,
    this.webSocketDebuggerUrl,
    this.devtoolsFrontendUrl,
  });

  factory BrowserSession._from(Map<String, Object?> session) => BrowserSession(
        sessionId: session['sessionId'] as String? ?? '',
        startTime: dateFromHost(session['startTime']),
        endTime: dateFromHost(session['endTime']),
        closeReason: intFromHost(session['closeReason']),
        closeReasonText: session['closeReasonText'] as String?,
        connectionId: session['connectionId'] as String?,
        connectionStartTime: dateFromHost(session['connectionStartTime']),
        connectionEndTime: dateFromHost(session['connectionEndTime']),
        webSocketDebuggerUrl: session['webSocketDebuggerUrl'] as String?,
        devtoolsFrontendUrl: session['devtoolsFrontendUrl'] as String?,
      );

  /// The session's id.
  final String sessionId;

  /// When it began, in UTC.
  final DateTime? startTime;

  /// When it ended, in UTC; `null` if it has not.
  final DateTime? endTime;

  /// Why it ended, as a number.
  final int? closeReason;

  /// Why it ended, in words.
  final String? closeReasonText;

  /// The id of the connection to it, if there is one.
  final String? connectionId;

  /// When that began, in UTC.
  final DateTime? connectionStartTime;

  /// When that ended, in UTC.
  final DateTime? connectionEndTime;

  /// Where a debugger connects to.
  final String? webSocketDebuggerUrl;

  /// Where the DevTools can be opened.
  final String? devtoolsFrontendUrl;
}

/// What an account may still do with its [Browser]s.
class BrowserLimits {
  /// Limits.
  const BrowserLimits({
    required this.activeSessions,
    required this.maxConcurrentSessions,
    required this.allowedBrowserAcquisitions,
    required this.timeUntilNextAllowedBrowserAcquisition,
  });

  /// The ids of the running sessions.
  final List<String> activeSessions;

  /// How many may run at once.
  final int maxConcurrentSessions;

  /// How many browsers may be begun now.
  final int allowedBrowserAcquisitions;

  /// How long until one more may be begun.
  final Duration timeUntilNextAllowedBrowserAcquisition;
}

/// The object behind [ref].
Browser browserFromHost(HostRef ref) => Browser._(ref);
