class {
  void f( => ;
const onRequest = [
}}}
Response onRequest(c) => "unended
/* never
