/// Changing HTML while it is sent.
library;

import 'dart:async';

import '../host/current.dart';
import '../http/body.dart';
import '../http/response.dart';

/// Changes HTML as it passes, without holding all of it.
///
/// ```dart
/// final response = await fetch('https://example.com/');
/// return HTMLRewriter()
///     .on('a[href]', element: (link) {
///       link.setAttribute('rel', 'noopener');
///     })
///     .on('h1', element: (title) => title.setInnerContent('Dart'))
///     .transform(response);
/// ```
///
/// A handler may be asynchronous; the HTML waits for it. What it is given can
/// be read and changed until it is done, and not afterwards. What a handler
/// throws ends the body of the response with that error.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/.
final class HTMLRewriter {
  /// A rewriter that changes nothing yet.
  HTMLRewriter();

  final _rules = <(String?, Map<String, HostCallback>)>[];

  /// Calls these handlers for what [selector], a CSS selector, finds: for each
  /// [element] itself, for the [comments] in it, and for the [text] in it, which
  /// comes in pieces.
  HTMLRewriter on(
    String selector, {
    FutureOr<void> Function(RewriterElement element)? element,
    FutureOr<void> Function(RewriterComment comment)? comments,
    FutureOr<void> Function(RewriterText text)? text,
  }) {
    _rules.add((
      selector,
      {
        if (element != null) 'element': _handler(RewriterElement._, element),
        if (comments != null) 'comments': _handler(RewriterComment._, comments),
        if (text != null) 'text': _handler(RewriterText._, text),
      }
    ));
    return this;
  }

  /// Calls these handlers for the whole document: for its [doctype], for all
  /// [comments] and [text], and at its [end].
  HTMLRewriter onDocument({
    FutureOr<void> Function(RewriterDoctype doctype)? doctype,
    FutureOr<void> Function(RewriterComment comment)? comments,
    FutureOr<void> Function(RewriterText text)? text,
    FutureOr<void> Function(RewriterDocumentEnd end)? end,
  }) {
    _rules.add((
      null,
      {
        if (doctype != null) 'doctype': _handler(RewriterDoctype._, doctype),
        if (comments != null) 'comments': _handler(RewriterComment._, comments),
        if (text != null) 'text': _handler(RewriterText._, text),
        if (end != null) 'end': _handler(RewriterDocumentEnd._, end),
      }
    ));
    return this;
  }

  /// The response that has the HTML of [response] with the changes; the body of
  /// [response] is used up.
  ///
  /// The HTML is changed while the body is read or sent. Throws a
  /// [WorkersException] for a selector that is none.
  Response transform(Response response) {
    // Until the body has gone all the way there are handlers to call.
    final done = Completer<void>();
    final rewritten = host.helpers.callSync(
      'rewriteHtml',
      [
        responseToHost(response),
        [
          for (final (selector, handlers) in _rules) [selector, handlers],
        ],
        HostCallback((_) {
          if (!done.isCompleted) done.complete();
          return null;
        }),
        done.future,
      ],
      select: responseProperties,
    );
    return responseFromHost(rewritten! as HostRef);
  }
}

HostCallback _handler<T extends _Token>(
  T Function(Map<String, Object?> seen) make,
  FutureOr<void> Function(T token) handler,
) =>
    HostCallback((arguments) async {
      final token = make(arguments.first! as Map<String, Object?>);
      try {
        await handler(token);
      } finally {
        token._isOver = true;
      }
      return token._changes;
    });

/// One piece of HTML: what was seen of it, and how it is to be changed. The
/// changes are made when the handler is done.
base class _Token {
  _Token(this._seen) : _isRemoved = _seen['removed'] == true;

  final Map<String, Object?> _seen;
  final _changes = <List<Object?>>[];
  bool _isOver = false;
  bool _isRemoved;

  void _change(String method, [List<Object?> arguments = const []]) {
    _checkUse();
    _changes.add([method, ...arguments]);
  }

  void _checkUse() {
    if (!_isOver) return;
    throw StateError(
      'HTML can be changed until its handler is done; let the handler await '
      'what it does',
    );
  }

  void _insert(String method, Object content, bool isHtml) => _change(method, [
        switch (content) {
          String() => content,
          Response() => responseToHost(content),
          Stream<List<int>>() => streamToHost(content),
          _ => throw ArgumentError.value(
              content,
              'content',
              'give a `String`, a `Stream<List<int>>` or a `Response`',
            ),
        },
        {'html': isHtml},
      ]);
}

/// A piece of HTML that other content can be put around.
///
/// Content is a [String], a `Stream<List<int>>` of UTF-8 or a [Response]. It is
/// taken as text, and what has a meaning in HTML is escaped, unless `html` is
/// true.
base class _Content extends _Token {
  _Content(super.seen);

  /// Whether it was removed or replaced.
  bool get isRemoved => _isRemoved;

  /// Puts [content] before it: a [String], a `Stream<List<int>>` of UTF-8 or a
  /// [Response]; as text, unless [html] is true.
  void before(Object content, {bool html = false}) =>
      _insert('before', content, html);

  /// Puts [content] after it; see [before].
  void after(Object content, {bool html = false}) =>
      _insert('after', content, html);

  /// Puts [content] in its place; see [before].
  void replace(Object content, {bool html = false}) {
    _insert('replace', content, html);
    _isRemoved = true;
  }

  /// Removes it, with all that is in it.
  void remove() {
    _change('remove');
    _isRemoved = true;
  }
}

/// An element, as its start tag tells.
///
/// See https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/#element.
final class RewriterElement extends _Content {
  RewriterElement._(super.seen)
      : _tagName = seen['tagName']! as String,
        _attributes = {
          for (final pair in seen['attributes']! as List<Object?>)
            if (pair case [final String name, final String value]) name: value,
        };

  static final RegExp _noTagName = RegExp(r'^[^A-Za-z]|[\s/>]|^$');
  static final RegExp _noAttribute = RegExp(r'[\s/>=]|^$');

  final Map<String, String> _attributes;
  String _tagName;

  /// The name of the element, in lower case.
  String get tagName => _tagName;

  /// Renames the element, its end tag too.
  ///
  /// Throws an [ArgumentError] for what is no name.
  set tagName(String name) {
    if (name.contains(_noTagName)) {
      throw ArgumentError.value(name, 'name', 'not the name of an element');
    }
    _change('set', ['tagName', name]);
    _tagName = name;
  }

  /// The namespace, such as `http://www.w3.org/1999/xhtml`.
  String get namespaceUri => _seen['namespaceURI']! as String;

  /// The attributes, by their names in lower case and in their order.
  Map<String, String> get attributes => {..._attributes};

  /// The value of the attribute [name], or `null` if there is none.
  String? getAttribute(String name) => _attributes[name.toLowerCase()];

  /// Whether there is an attribute [name].
  bool hasAttribute(String name) => _attributes.containsKey(name.toLowerCase());

  /// Sets the attribute [name] to [value].
  ///
  /// Throws an [ArgumentError] for what is no name.
  void setAttribute(String name, String value) {
    if (name.contains(_noAttribute)) {
      throw ArgumentError.value(name, 'name', 'not the name of an attribute');
    }
    _change('setAttribute', [name, value]);
    _attributes[name.toLowerCase()] = value;
  }

  /// Removes the attribute [name]; does nothing if there is none.
  void removeAttribute(String name) {
    _change('removeAttribute', [name]);
    _attributes.remove(name.toLowerCase());
  }

  /// Puts [content] right after the start tag; see [before].
  void prepend(Object content, {bool html = false}) =>
      _insert('prepend', content, html);

  /// Puts [content] right before the end tag; see [before].
  void append(Object content, {bool html = false}) =>
      _insert('append', content, html);

  /// Puts [content] in place of all that is in the element; see [before].
  void setInnerContent(Object content, {bool html = false}) =>
      _insert('setInnerContent', content, html);

  /// Removes the tags, and leaves what is between them.
  void removeAndKeepContent() {
    _change('removeAndKeepContent');
    _isRemoved = true;
  }

  /// Calls [handler] at the end tag of the element.
  ///
  /// An element without one, such as `<br>`, throws a [WorkersException] there,
  /// which ends the response.
  void onEndTag(FutureOr<void> Function(RewriterEndTag tag) handler) =>
      _change('onEndTag', [_handler(RewriterEndTag._, handler)]);
}

/// The end tag of an element; see [RewriterElement.onEndTag].
final class RewriterEndTag extends _Token {
  RewriterEndTag._(super.seen) : _name = seen['name']! as String;

  String _name;

  /// The name of the element, in lower case.
  String get name => _name;

  /// Renames the end tag alone.
  set name(String name) {
    _change('set', ['name', name]);
    _name = name;
  }

  /// Puts [content] before it, a [String], a `Stream<List<int>>` of UTF-8 or a
  /// [Response]; as text, unless [html] is true.
  void before(Object content, {bool html = false}) =>
      _insert('before', content, html);

  /// Puts [content] after it; see [before].
  void after(Object content, {bool html = false}) =>
      _insert('after', content, html);

  /// Removes the end tag alone.
  void remove() => _change('remove');
}

/// A comment.
final class RewriterComment extends _Content {
  RewriterComment._(super.seen) : _text = seen['text']! as String;

  String _text;

  /// What it says.
  String get text => _text;

  /// Changes what it says.
  ///
  /// Throws an [ArgumentError] for a text that would end the comment.
  set text(String text) {
    if (text.contains('-->')) {
      throw ArgumentError.value(text, 'text', 'ends the comment, with `-->`');
    }
    _change('set', ['text', text]);
    _text = text;
  }
}

/// A piece of text. Where a text is cut depends on how the HTML arrives: a word
/// may be in two pieces.
final class RewriterText extends _Content {
  RewriterText._(super.seen);

  /// The piece, as the HTML has it: `&amp;` and its like are not decoded.
  String get text => _seen['text']! as String;

  /// Whether it is the last piece of a text; that one may be empty.
  bool get lastInTextNode => _seen['lastInTextNode'] == true;
}

/// The doctype of a document.
final class RewriterDoctype extends _Token {
  RewriterDoctype._(super.seen);

  /// The name, such as `html`.
  String? get name => _seen['name'] as String?;

  /// The public identifier, such as `-//W3C//DTD HTML 4.01//EN`.
  String? get publicId => _seen['publicId'] as String?;

  /// The system identifier, a URL.
  String? get systemId => _seen['systemId'] as String?;
}

/// The end of a document.
final class RewriterDocumentEnd extends _Token {
  RewriterDocumentEnd._(super.seen);

  /// Adds [content], a [String], at the end; as text, unless [html] is true.
  void append(String content, {bool html = false}) =>
      _insert('append', content, html);
}
