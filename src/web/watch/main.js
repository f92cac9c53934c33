import('hls.js/light').then((m) => console.log(m.default.isSupported()));
