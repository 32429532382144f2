/// The page of every room; the room is the path.
const page = '''
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<style>
  body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
  #messages { list-style: none; padding: 0; min-height: 10rem }
  #messages b { margin-right: .5rem }
  form { display: flex; gap: .5rem }
  input { flex: 1; font: inherit }
</style>
<h1></h1>
<form id="enter"><input name="name" placeholder="your name" maxlength="40" required autofocus><button>Enter</button></form>
<div id="room" hidden>
  <p id="people"></p>
  <ul id="messages"></ul>
  <form id="say"><input name="text" placeholder="say something" maxlength="1000" autocomplete="off" required><button>Send</button></form>
</div>
<script type="module">
  const at = (id) => document.getElementById(id);
  const room = location.pathname.slice(1);
  document.querySelector('h1').textContent = decodeURIComponent(room);
  let socket;

  function enter(name) {
    socket = new WebSocket(`\${location.origin.replace('http', 'ws')}/\${room}/socket?name=\${encodeURIComponent(name)}`);
    socket.onopen = () => at('messages').replaceChildren();
    socket.onmessage = ({ data }) => {
      if (data === 'pong') return;
      const { messages = [], people } = JSON.parse(data);
      for (const { from, text } of messages) {
        const who = document.createElement('b');
        who.textContent = from;
        const line = document.createElement('li');
        line.append(who, text);
        at('messages').append(line);
      }
      if (people) at('people').textContent = `Here: \${people.join(', ')}`;
    };
    socket.onclose = () => {
      at('people').textContent = 'Connecting again …';
      setTimeout(enter, 1000, name);
    };
  }

  setInterval(() => socket?.readyState === WebSocket.OPEN && socket.send('ping'), 30_000);

  at('enter').onsubmit = (event) => {
    event.preventDefault();
    at('enter').hidden = true;
    at('room').hidden = false;
    enter(event.target.elements.name.value);
  };
  at('say').onsubmit = (event) => {
    event.preventDefault();
    socket.send(event.target.elements.text.value);
    event.target.reset();
  };
</script>
''';
