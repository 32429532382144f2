import 'package:cloudflare_workers/cloudflare_workers.dart';

import 'environment.g.dart';

/// What the shop has, and what one costs in cents.
const prices = {'tea': 450, 'cup': 1250};

/// How many there are of each in the beginning.
const initialStock = 5;

/// The way in for other Workers.
class Catalog extends WorkerEntrypoint {
  @override
  Map<String, Function> get methods => {
        'products': products,
        'find': find,
        'order': order,
      };

  List<String> products() => prices.keys.toList();

  /// The product, or null if there is none of that name.
  Future<Map<String, Object?>?> find(String name) async {
    final price = prices[name];
    if (price == null) return null;
    return {'name': name, 'price': price, 'stock': await _stock(name)};
  }

  /// Takes [count] from the stock and returns what they cost.
  Future<int> order(String name, int count) async {
    // What is bound with other props may look and not buy.
    if (ctx.props['mayOrder'] != true) throw StateError('only to look at');
    final price = prices[name];
    if (price == null) throw ArgumentError.value(name, 'name', 'is not sold');
    final stock = await _stock(name);
    if (count > stock) throw StateError('only $stock left');
    await env.stock.put(name, '${stock - count}');
    print('${ctx.props['caller']} ordered $count of `$name`');
    return count * price;
  }

  Future<int> _stock(String name) async =>
      int.parse(await env.stock.get(name) ?? '$initialStock');
}

void main() {
  CloudflareWorkers(entrypoints: {'Catalog': Catalog.new});
}
